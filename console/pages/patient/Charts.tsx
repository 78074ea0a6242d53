import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import Chart from '../../components/Chart.js';
import { Empty, Loading, Refusal } from '../../components/Said.js';
import { type Measurement, measurementsOf, type Series } from '../../fhir/series.js';
import { dateText } from '../../fhir/text.js';
import { useVersion } from '../../session/queries.js';
import { useAllPages } from './record.js';

/** A line without axes: how a measurement went. */
function Spark({ series }: { readonly series: Series | undefined }) {
  const points = series?.points.slice(-30) ?? [];
  if (points.length < 2) return <svg className="spark" aria-hidden="true" viewBox="0 0 60 18" />;
  const values = points.map(({ value }) => value);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const line = values.map((value, place) => {
    const x = (place / (values.length - 1)) * 58 + 1;
    const y = high === low ? 9 : 16 - ((value - low) / (high - low)) * 14;
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
  return (
    <svg className="spark" aria-hidden="true" viewBox="0 0 60 18">
      <polyline points={line.join(' ')} fill="none" stroke="currentColor" strokeWidth="1.5" />
    </svg>
  );
}

function Table({ measurement }: { readonly measurement: Measurement }) {
  const version = useVersion();
  const rows = measurement.series
    .flatMap((series) => series.points.map((point) => ({ series, point })))
    .toSorted((a, b) => b.point.at - a.point.at);
  const [isAll, setAll] = useState(false);
  const shown = isAll ? rows : rows.slice(0, 12);
  return (
    <div className="table-box">
      <table className="table">
        <thead>
          <tr>
            <th scope="col">When</th>
            <th scope="col">What</th>
            <th scope="col">Value</th>
            <th scope="col">Usual</th>
          </tr>
        </thead>
        <tbody>
          {shown.map(({ series, point }) => (
            <tr key={`${series.name}${series.unit}${point.id}`}>
              <td>
                <Link to="/$version/$type/$id" params={{ version, type: 'Observation', id: point.id }}>
                  {dateText(point.when)}
                </Link>
              </td>
              <td>{series.name}</td>
              <td className="numbers">
                {point.text} {point.isUnusual ? <span className="chip warn">outside the range</span> : null}
              </td>
              <td className="soft">{series.range ?? ''}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > shown.length ? (
        <div className="card-body">
          <button
            type="button"
            className="button"
            onClick={() => {
              setAll(true);
            }}
          >
            All {rows.length.toLocaleString()} values
          </button>
        </div>
      ) : null}
    </div>
  );
}

/** Measured values by what was measured, each over time with its usual range. */
export default function Charts({ id }: { readonly id: string }) {
  const version = useVersion();
  const navigate = useNavigate();
  const { code } = useSearch({ from: '/$version/$type/$id' });
  const elements = 'status,code,effective,issued,value,component,referenceRange';
  const { resources, isComplete, error } = useAllPages(`Observation?patient=${id}&_count=500&_elements=${elements}`);
  const measurements = measurementsOf(resources);
  const [text, setText] = useState('');
  if (error !== null) return <Refusal error={error} />;
  const [first] = measurements;
  if (first === undefined)
    return isComplete ? (
      <div className="card">
        <Empty icon="chart" title="Nothing was measured yet">
          <p>Observations with a quantity are drawn here, by their code.</p>
        </Empty>
      </div>
    ) : (
      <Loading lines={8} />
    );
  const chosen = measurements.find((each) => each.code === code) ?? first;
  const wanted = text.trim().toLowerCase();
  const listed = measurements.filter(({ name }) => name.toLowerCase().includes(wanted));
  return (
    <div className="charts">
      <section className="card measurements" aria-label="Measurements">
        <div className="measurements-find">
          <input
            className="input"
            aria-label="Filter measurements"
            placeholder={`Filter ${String(measurements.length)} ${measurements.length === 1 ? 'measurement' : 'measurements'}`}
            value={text}
            onChange={(event) => {
              setText(event.target.value);
            }}
          />
        </div>
        <ul>
          {listed.map((each) => (
            <li key={each.code}>
              <button
                type="button"
                aria-pressed={each.code === chosen.code}
                onClick={() => {
                  void navigate({
                    to: '/$version/$type/$id',
                    params: { version, type: 'Patient', id },
                    search: { tab: 'charts', code: each.code },
                    resetScroll: false,
                  });
                }}
              >
                <span className="measurement-name">{each.name}</span>
                <Spark series={each.series[0]} />
                <span className="soft small numbers">{each.latestText}</span>
                <span className="soft small numbers">{each.count === 1 ? 'once' : `${String(each.count)} ×`}</span>
              </button>
            </li>
          ))}
        </ul>
      </section>
      <section className="card chart-card" aria-label={chosen.name}>
        <div className="card-head">
          <h2>{chosen.name}</h2>
          <span className="soft small">{[...new Set(chosen.series.map(({ unit }) => unit))].join(', ')}</span>
          {isComplete ? null : <span className="chip spread">more on its way…</span>}
        </div>
        <div className="card-body">
          <Chart measurement={chosen} />
        </div>
        <Table key={chosen.code} measurement={chosen} />
      </section>
    </div>
  );
}
