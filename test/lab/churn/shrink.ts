/** Finds the fewest operations of a plan that still make it fail. */
import { shrink } from '../../churn/shrink.js';
import type { Blow } from './faults.js';
import { type Chain, type Plan, type Step, spanOf } from './plan.js';

/** One thing that can be left out of a plan. */
type Item =
  | { readonly host: number; readonly step: Step }
  | { readonly chain: Chain }
  | { readonly blow: Blow };

/**
 * Leaves out what can be left out, first at one blow what has nothing to do with the paths that
 * differ, then by halving, until `deadline` (Date.now). `fails` may be a matter of luck.
 */
export async function shrunk(
  plan: Plan,
  paths: readonly string[],
  fails: (smaller: Plan) => Promise<boolean>,
  deadline: number,
): Promise<Plan> {
  let items = itemsOf(plan);
  const rebuilt = (some: readonly Item[]) => planWith(plan, some);
  for (const path of paths.slice(0, 3)) {
    const related = relatedTo(items, path);
    if (related.length === items.length || Date.now() > deadline) continue;
    if (!(await fails(rebuilt(related)))) continue;
    items = related;
    break;
  }
  const smallest = await shortened(
    rebuilt(await shrink(items, (some) => fails(rebuilt(some)), deadline)),
    fails,
    deadline,
  );
  const hasty = hastened(smallest);
  return Date.now() < deadline && spanOf(hasty) < spanOf(smallest) && (await fails(hasty))
    ? hasty
    : smallest;
}

/** The plan with chains that end earlier. */
async function shortened(
  plan: Plan,
  fails: (smaller: Plan) => Promise<boolean>,
  deadline: number,
): Promise<Plan> {
  let smallest = plan;
  for (const index of plan.chains.keys()) {
    for (
      let length = 2;
      length < (plan.chains[index]?.links.length ?? 0) && Date.now() < deadline;
      length++
    ) {
      const chains = smallest.chains.map((chain, at) =>
        at === index ? { ...chain, links: chain.links.slice(0, length) } : chain,
      );
      if (!(await fails({ ...smallest, chains }))) continue;
      smallest = { ...smallest, chains };
      break;
    }
  }
  return smallest;
}

/** The plan without the long pauses that are left where much was left out. */
function hastened(plan: Plan): Plan {
  const times = [...new Set(itemsOf(plan).map(timeOf))].sort((a, b) => a - b);
  const sooner = new Map<number, number>();
  for (const [index, time] of times.entries()) {
    const before = times[index - 1];
    sooner.set(
      time,
      before === undefined ? 0 : (sooner.get(before) ?? 0) + Math.min(time - before, 300),
    );
  }
  return {
    ...plan,
    streams: plan.streams.map((stream) =>
      stream.map(([at, name, ...values]): Step => [sooner.get(at) ?? at, name, ...values]),
    ),
    chains: plan.chains.map((chain) => ({ ...chain, at: sooner.get(chain.at) ?? chain.at })),
    blows: plan.blows.map((blow) => ({ ...blow, at: sooner.get(blow.at) ?? blow.at })),
  };
}

/** How many operations a plan has. */
export function countOf(plan: Plan): number {
  return itemsOf(plan).length;
}

function itemsOf({ streams, chains, blows }: Plan): readonly Item[] {
  const steps = streams.flatMap((stream, host) => stream.map((step): Item => ({ host, step })));
  const others = [
    ...chains.map((chain): Item => ({ chain })),
    ...blows.map((blow): Item => ({ blow })),
  ];
  return [...steps, ...others].sort((a, b) => timeOf(a) - timeOf(b));
}

function planWith(plan: Plan, items: readonly Item[]): Plan {
  return {
    ...plan,
    streams: plan.streams.map((_, index) =>
      items.flatMap((item) => ('step' in item && item.host === index ? [item.step] : [])),
    ),
    chains: items.flatMap((item) => ('chain' in item ? [item.chain] : [])),
    blows: items.flatMap((item) => ('blow' in item ? [item.blow] : [])),
  };
}

function timeOf(item: Item): number {
  if ('step' in item) return item.step[0];
  return 'chain' in item ? item.chain.at : item.blow.at;
}

/**
 * The items that name a path, what lies above or below it, or what was ever renamed to or from
 * such.
 */
function relatedTo(items: readonly Item[], path: string): readonly Item[] {
  // Below the seed's folder and the host's or the shared one in it.
  const [, folder = '', ...rest] = path.split('/');
  const top = folder.replace(/-copy\d+$/, '');
  if (top === 'turns')
    return items.filter(
      (item) =>
        'blow' in item || ('chain' in item && item.chain.path === ['in', ...rest].join('/')),
    );
  // Fresh changes are no part of a plan: anything may have held them up.
  if (top === 'probes') return items;
  const own = /^own-(\d+)$/.exec(top)?.[1];
  const steps = items.filter(
    (item) => 'step' in item && (own === undefined || item.host === Number(own) - 1),
  );
  const names = new Set([['in', ...rest].join('/')]);
  for (let before = 0; before < names.size; ) {
    before = names.size;
    for (const item of steps) {
      const paths = pathsOf(item);
      if (paths.some((each) => isRelated(each, names))) for (const each of paths) names.add(each);
    }
  }
  const related = new Set<Item>(
    steps.filter(
      (item) => isNameless(item) || pathsOf(item).some((each) => isRelated(each, names)),
    ),
  );
  return items.filter((item) => 'blow' in item || related.has(item));
}

function isRelated(path: string, names: ReadonlySet<string>): boolean {
  return [...names].some(
    (name) => path === name || path.startsWith(`${name}/`) || name.startsWith(`${path}/`),
  );
}

function pathsOf(item: Item): string[] {
  if (!('step' in item)) return [];
  return item.step.filter(
    (value): value is string => typeof value === 'string' && /^(in|out)\//.test(value),
  );
}

function isNameless(item: Item): boolean {
  return 'step' in item && item.step[1] === 'finish';
}
