/** What is known, by name; what is not known is left out. */
export function Facts({
  facts,
  className,
}: {
  readonly facts: readonly (readonly [name: string, value: string | undefined])[];
  readonly className?: string;
}) {
  return (
    <dl className={className}>
      {facts.map(([name, value]) =>
        value === undefined || value === '' ? null : (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ),
      )}
    </dl>
  );
}
