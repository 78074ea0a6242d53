import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { afterPaint } from './after-paint.js';
import type { Measurement } from '../fhir/series.js';

const strokes = ['--accent', '--bad', '--warn', '--good'];

const colour = (name: string): string => {
  // A canvas knows no light-dark(): a throwaway element says what the colour is now.
  const probe = document.createElement('span');
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
};

/** All moments of the series, and each one's value there; null where it has none. */
function tableOf({ series }: Measurement): uPlot.AlignedData {
  const moments = [...new Set(series.flatMap(({ points }) => points.map(({ at }) => at)))].toSorted((a, b) => a - b);
  const place = new Map(moments.map((moment, index) => [moment, index]));
  const rows = series.map(({ points }) => {
    const row = new Array<number | null>(moments.length).fill(null);
    for (const { at, value } of points) row[place.get(at) ?? 0] = value;
    return row;
  });
  return [moments.map((moment) => moment / 1000), ...rows];
}

/** The range that is usual, as a band behind the lines. */
function band({ series }: Measurement, fill: string): uPlot.Plugin {
  const drawn = series.filter(({ low, high }) => low !== undefined || high !== undefined);
  return {
    hooks: {
      drawClear: (chart) => {
        const { ctx, bbox } = chart;
        ctx.save();
        ctx.fillStyle = fill;
        for (const { low, high } of drawn) {
          const y = (value: number | undefined, edge: number): number =>
            value === undefined
              ? edge
              : Math.min(bbox.top + bbox.height, Math.max(bbox.top, chart.valToPos(value, 'y', true)));
          const top = y(high, bbox.top);
          ctx.fillRect(bbox.left, top, bbox.width, Math.max(0, y(low, bbox.top + bbox.height) - top));
        }
        ctx.restore();
      },
    },
  };
}

function optionsFor(measurement: Measurement, width: number): uPlot.Options {
  const soft = colour('--soft');
  const axis = {
    stroke: soft,
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { show: false },
    font: '12px Inter, sans-serif',
  };
  const values = measurement.series.flatMap(({ points, low, high }) => [
    ...points.map(({ value }) => value),
    ...[low, high].filter((each) => each !== undefined),
  ]);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const room = (most - least || Math.abs(most) || 1) * 0.12;
  const moments = measurement.series.flatMap(({ points }) => points.map(({ at }) => at / 1000));
  const [first, last] = [Math.min(...moments), Math.max(...moments)];
  const day = 86_400;
  const space = (last - first) * 0.03 || 30 * day;
  return {
    width,
    height: 320,
    cursor: { points: { size: 8 } },
    scales: { y: { range: [least - room, most + room] }, x: { time: true, range: [first - space, last + space] } },
    axes: [axis, { ...axis, size: 56 }],
    series: [
      { label: 'When' },
      ...measurement.series.map(({ name, unit }, place) => {
        const stroke = colour(strokes[place % strokes.length] ?? '--accent');
        return {
          label: `${name} (${unit})`,
          stroke,
          width: 2,
          spanGaps: true,
          points: { size: 6, fill: stroke },
        };
      }),
    ],
    plugins: [band(measurement, colour('--good-wash'))],
  };
}

/** Values over time. The table beside it says the same to who cannot see it. */
export default function Chart({ measurement }: { readonly measurement: Measurement }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const box = place.current;
    if (box === null) return undefined;
    let chart: uPlot | undefined;
    const draw = (): void => {
      chart?.destroy();
      chart = new uPlot(optionsFor(measurement, Math.max(240, box.clientWidth)), tableOf(measurement), box);
    };
    const leave = afterPaint(draw);
    const sized = new ResizeObserver(() => {
      chart?.setSize({ width: Math.max(240, box.clientWidth), height: 320 });
    });
    sized.observe(box);
    const dark = matchMedia('(prefers-color-scheme: dark)');
    dark.addEventListener('change', draw);
    const themed = new MutationObserver(draw);
    themed.observe(document.documentElement, { attributeFilter: ['data-theme'] });
    return () => {
      leave();
      dark.removeEventListener('change', draw);
      themed.disconnect();
      sized.disconnect();
      chart?.destroy();
    };
  }, [measurement]);
  return (
    <div
      ref={place}
      className="chart"
      role="img"
      aria-label={`${measurement.name} over time; the values stand in the table below`}
    />
  );
}
