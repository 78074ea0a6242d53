import { groupNameOf } from '../fhir/groups.js';

const hues: Readonly<Record<string, number>> = {
  'People and places': 215,
  Care: 345,
  Findings: 165,
  Medications: 280,
  'Orders and appointments': 40,
  'Documents and audit': 250,
  Money: 95,
  'Devices and substances': 15,
};

/** The name of a resource type, with the colour of its group. */
export function TypeBadge({ type }: { readonly type: string }) {
  const hue = hues[groupNameOf(type)];
  return (
    <span className="type-badge">
      <span
        className="type-dot"
        style={{ background: hue === undefined ? 'var(--line-strong)' : `oklch(0.66 0.13 ${String(hue)})` }}
      />
      {type}
    </span>
  );
}
