import { Combo } from './fields.js';
import { Icon } from './Icon.js';

/** Several resource types, or all of them. */
export function TypesField({
  label,
  names,
  value,
  onChange,
}: {
  readonly label: string;
  readonly names: readonly string[];
  readonly value: readonly string[];
  readonly onChange: (types: readonly string[]) => void;
}) {
  return (
    <div className="stack types-field">
      <Combo
        key={value.length}
        label={label}
        placeholder={value.length === 0 ? 'every type' : 'one more type'}
        choices={names.filter((id) => !value.includes(id)).map((id) => ({ id }))}
        value=""
        onChange={(type) => {
          onChange([...value, type]);
        }}
      />
      {value.length === 0 ? null : (
        <ul className="row">
          {value.map((type) => (
            <li key={type}>
              <span className="chip accent">
                {type}
                <button
                  type="button"
                  className="chip-close"
                  aria-label={`Leave out ${type}`}
                  onClick={() => {
                    onChange(value.filter((each) => each !== type));
                  }}
                >
                  <Icon name="close" />
                </button>
              </span>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
