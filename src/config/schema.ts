import { z } from 'zod';
import type { Shape } from './shape.js';

/** The schema that checks values of a shape. Its result is a `ValueOf` that shape. */
export function schemaOf(shape: Shape): z.ZodType {
  switch (shape.kind) {
    case 'number':
      return z.number().min(shape.min).max(shape.max);
    case 'whole':
      return z.int().min(shape.min).max(shape.max);
    case 'yesOrNo':
      return z.union([z.boolean(), z.literal([0, 1]).transform((number) => number === 1)]);
    case 'text':
      return z.string().refine(shape.accepts);
    case 'choice':
      return z.enum(shape.values);
    case 'texts':
      return z.array(z.string()).readonly();
  }
}
