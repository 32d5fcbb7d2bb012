// What the types of src say of an object: its fields with their types and doc comments, and a
// sample of it.

import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const source = fileURLToPath(new URL('../../../src/', import.meta.url));
const program = ts.createProgram([`${source}daemon.ts`, `${source}cli/main.ts`], {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  strict: true,
  lib: ['lib.es2022.d.ts'],
  types: [],
});
const checker = program.getTypeChecker();

/**
 * The fields of an interface of src, with those of objects in it:
 * `{ name: 'peers[].name', type: 'text', meaning }`.
 */
export function fieldsOf(name) {
  const missing = [];
  const fields = fieldsWithin(typeOf(name), '', missing);
  if (missing.length > 0) throw new Error(`fields of ${name} without a doc comment: ${missing.join(', ')}`);
  return fields;
}

/** Whether src has an interface of that name. */
export function hasType(name) {
  return declarationsOf(name).length > 0;
}

/**
 * An object of that type with some value in each field; those in `given`, by name, are taken as
 * they are.
 */
export function sampleOf(name, given = {}) {
  return sampleWithin(typeOf(name), given);
}

function declarationsOf(name) {
  return program
    .getSourceFiles()
    .filter(({ fileName }) => fileName.startsWith(source))
    .flatMap(({ statements }) => statements.filter((one) => ts.isInterfaceDeclaration(one) && one.name.text === name));
}

function typeOf(name) {
  const found = declarationsOf(name);
  if (found.length !== 1) throw new Error(`src has ${found.length} interfaces ${name}`);
  return checker.getTypeAtLocation(found[0]);
}

function fieldsWithin(type, prefix, missing) {
  return type.getProperties().flatMap((property) => {
    const name = prefix + property.name;
    const meaning = ts.displayPartsToString(property.getDocumentationComment(checker)).replace(/\s+/g, ' ').trim();
    if (meaning === '') missing.push(name);
    const own = checker.getTypeOfSymbol(property);
    const unit = /_s$/.test(property.name) ? ' of seconds' : '';
    const optional = property.flags & ts.SymbolFlags.Optional ? ', optional' : '';
    const words = textOf(own).replace('number', `number${unit}`);
    return [{ name, type: words + optional, meaning }, ...partsOf(own).flatMap((part) => below(part, name, missing))];
  });
}

/** The fields of the objects that a value of this type holds. */
function below(type, name, missing) {
  if (checker.isArrayType(type)) return below(checker.getTypeArguments(type)[0], `${name}[]`, missing);
  return isObject(type) ? fieldsWithin(type, `${name}.`, missing) : [];
}

function textOf(type) {
  const parts = partsOf(type).map((part) => {
    if (checker.isArrayType(part)) return `list of ${plural(textOf(checker.getTypeArguments(part)[0]))}`;
    const each = part.getStringIndexType();
    if (each) return `object of ${plural(textOf(each))}, by name`;
    if (part.isStringLiteral()) return `\`${part.value}\``;
    if (part.isNumberLiteral()) return `\`${part.value}\``;
    if (part.flags & ts.TypeFlags.BooleanLiteral) return `\`${part.intrinsicName}\``;
    if (part.flags & ts.TypeFlags.String) return 'text';
    if (part.flags & ts.TypeFlags.Number) return 'number';
    return 'object';
  });
  // Literals come in an order that any other file of src may change.
  if (type.isUnion()) parts.sort((one, other) => rank(one) - rank(other) || (one < other ? -1 : 1));
  if (isNullable(type)) parts.push('null');
  return parts.length < 2 ? parts.join() : `${parts.slice(0, -1).join(', ')} or ${parts.at(-1)}`;
}

/** Literals come last, and of these `false`. */
function rank(text) {
  return text === '`false`' ? 2 : Number(text.startsWith('`'));
}

function plural(text) {
  return `${text}s`;
}

/** The types of a union, without null and undefined. */
function partsOf(type) {
  const parts = type.isUnion() ? type.types : [type];
  return parts.filter(({ flags }) => !(flags & (ts.TypeFlags.Null | ts.TypeFlags.Undefined)));
}

function isNullable(type) {
  return type.isUnion() && type.types.some(({ flags }) => flags & ts.TypeFlags.Null);
}

/** An object of ours: what a Buffer has is not of interest. */
function isObject(type) {
  const isOurs = type.symbol?.declarations?.some((one) => one.getSourceFile().fileName.startsWith(source));
  return Boolean(type.flags & ts.TypeFlags.Object) && isOurs && !type.getStringIndexType();
}

function sampleWithin(type, given) {
  const [part] = partsOf(type);
  if (checker.isArrayType(part)) return [sampleWithin(checker.getTypeArguments(part)[0], given)];
  if (part.isStringLiteral() || part.isNumberLiteral()) return part.value;
  if (part.flags & ts.TypeFlags.BooleanLike) return true;
  if (part.flags & ts.TypeFlags.String) return 'NAME';
  if (part.flags & ts.TypeFlags.Number) return 1;
  if (!isObject(part)) return {};
  const entries = part.getProperties().map((property) => {
    const { name } = property;
    return [name, given[name] ?? sampleWithin(checker.getTypeOfSymbol(property), given)];
  });
  return Object.fromEntries(entries);
}
