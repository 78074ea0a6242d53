/**
 * How far the index is behind the table, as a line that CloudWatch makes a metric of (`FhirOnAppSync`, `IndexLag`, per
 * table, milliseconds). https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 * @param table the table's name.
 * @param newest when the newest version was written that is now in the index, an instant.
 * @param now milliseconds since 1970.
 */
export function indexLag(table: string, newest: string, now: number): string {
  const metrics = [{ Name: 'IndexLag', Unit: 'Milliseconds' }];
  return JSON.stringify({
    _aws: {
      Timestamp: now,
      CloudWatchMetrics: [{ Namespace: 'FhirOnAppSync', Dimensions: [['Table']], Metrics: metrics }],
    },
    Table: table,
    IndexLag: Math.max(0, now - Date.parse(newest)),
  });
}
