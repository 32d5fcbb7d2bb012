/** Draws a plot as SVG, without a browser: the same plot gives the same bytes. */
import { init } from 'echarts';
import type { Plot, Series } from './plot.js';

/** The text of an SVG file. */
export function draw(plot: Plot): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: 760, height: 420 });
  const { x, y, series } = plot;
  const subjects = [...new Set(series.map(({ name }) => subjectOf(name)))];
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    grid: { left: 70, right: 30, top: 30, bottom: series.length > 1 ? 85 : 60 },
    legend: { show: series.length > 1, bottom: 5, left: 'center', itemGap: 18 },
    xAxis: {
      ...{ type: x.scale === 'names' ? 'category' : axisTypes[x.scale] },
      ...{
        name: x.title,
        nameLocation: 'middle',
        nameGap: 28,
        minorTick: { show: x.scale === 'log' },
      },
      ...(x.scale === 'linear' ? { minInterval: 1 } : {}),
      ...(x.scale === 'log'
        ? logarithmic(series.flatMap(({ points }) => points.map(([at]) => Number(at))))
        : {}),
      ...(x.scale === 'names' ? { axisLabel: { interval: 0, rotate: 20 } } : {}),
      splitLine: { show: x.scale === 'log' },
    },
    yAxis: {
      ...{ type: y.scale === 'log' ? 'log' : 'value', name: y.title },
      ...{ nameLocation: 'middle', nameGap: 48, nameRotate: 90 },
    },
    series: series.map((each) =>
      x.scale === 'names' ? bars(each, subjects) : line(each, subjects),
    ),
  });
  const drawn = chart.renderToSVGString();
  chart.dispose();
  return `${withoutCounters(drawn)}\n`;
}

const axisTypes = { linear: 'value', log: 'log' } as const;

/** Told from each other also without colours (Okabe and Ito, "Color Universal Design"). */
const colours = [
  ...['#0072b2', '#d55e00', '#009e73', '#cc79a7'],
  ...['#e69f00', '#56b4e9', '#000000', '#7f7f7f'],
];

/** Whose line it is: "inotify-csync" of "inotify-csync, p99". */
function subjectOf(name: string): string {
  return name.split(', ')[0] ?? name;
}

/** Lines of one subject have one colour; its second is dashed. */
function line({ name, points, isStepped }: Series, subjects: readonly string[]) {
  const color = colours[subjects.indexOf(subjectOf(name)) % colours.length] ?? '#000000';
  return {
    ...{ name, type: 'line' as const, data: points.map((point) => [...point]) },
    ...(isStepped
      ? { step: 'end' as const, showSymbol: false }
      : { symbol: 'circle', symbolSize: 7 }),
    lineStyle: {
      width: 2,
      color,
      type: name.endsWith(', p99') ? ('dashed' as const) : ('solid' as const),
    },
    itemStyle: { color },
  };
}

function bars({ name, points }: Series, subjects: readonly string[]) {
  return {
    ...{ name, type: 'bar' as const, data: points.map((point) => [...point]) },
    ...{
      barMaxWidth: 50,
      itemStyle: {
        color: colours[subjects.indexOf(subjectOf(name)) % colours.length] ?? '#000000',
      },
      label: { show: true, position: 'top' as const },
    },
  };
}

/** Ends of the axis at one, two or five times a power of ten, so that the curve fills it. */
function logarithmic(values: readonly number[]): { min: number; max: number } {
  const steps = [1, 2, 5];
  const round = (value: number, up: boolean) => {
    const power = 10 ** Math.floor(Math.log10(value));
    const candidates = [...steps, 10].map((step) => step * power);
    const fitting = candidates.filter((each) => (up ? each >= value : each <= value));
    return (up ? fitting[0] : fitting.at(-1)) ?? value;
  };
  return { min: round(Math.min(...values), false), max: round(Math.max(...values), true) };
}

/**
 * The library numbers its charts and classes through the life of a process, for styles under a
 * mouse.
 */
function withoutCounters(svg: string): string {
  return svg
    .replaceAll(/<style\s*>[\s\S]*?<\/style>/g, '')
    .replaceAll(/ (class|pointer-events)="[^"]*"/g, '')
    .replaceAll(/\bzr\d+-/g, 'zr-')
    .replaceAll(/\n\s*\n/g, '\n')
    .trim();
}
