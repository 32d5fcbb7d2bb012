import { readFileSync } from 'node:fs';

/** As much of a dashboard of Grafana as tests look at. */
export interface Dashboard {
  readonly panels: readonly {
    readonly title: string;
    readonly gridPos: {
      readonly x: number;
      readonly y: number;
      readonly w: number;
      readonly h: number;
    };
    readonly targets?: readonly { readonly expr: string }[];
  }[];
}

/** The dashboard in docs/monitoring. */
export function readDashboard(): Dashboard {
  const file = new URL('../../../docs/monitoring/dashboard.json', import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as Dashboard;
}

/**
 * The queries of all panels, with what Grafana puts in place of its variables: all hosts, and a
 * minute.
 */
export function queriesOf({
  panels,
}: Dashboard): { readonly panel: string; readonly query: string }[] {
  return panels.flatMap(({ targets = [], title }) =>
    targets.map(({ expr }) => ({
      panel: title,
      query: expr.replaceAll('$instance', '.*').replaceAll('$__rate_interval', '1m'),
    })),
  );
}
