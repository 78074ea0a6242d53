import type { ReactNode } from 'react';
import {
  Button,
  ComboBox,
  Input,
  Label,
  ListBox,
  ListBoxItem,
  Menu,
  MenuItem,
  MenuTrigger,
  Popover,
} from 'react-aria-components';
import { Icon, type IconName } from './Icon.js';

/** One thing to choose. */
export interface Choice {
  readonly id: string;
  readonly text?: string;
  /** Said beside it, softly. */
  readonly hint?: string;
}

/** A field that suggests while one types. */
export function Combo({
  label,
  isLabelHidden = false,
  choices,
  value,
  onChange,
  isFree = false,
  placeholder,
}: {
  readonly label: string;
  readonly isLabelHidden?: boolean;
  readonly choices: readonly Choice[];
  readonly value: string;
  readonly onChange: (value: string) => void;
  /** Whether anything may be typed, not only what is suggested. */
  readonly isFree?: boolean;
  readonly placeholder?: string;
}) {
  const isKnown = choices.some(({ id }) => id === value);
  return (
    <ComboBox
      className="field"
      allowsCustomValue={isFree}
      menuTrigger="focus"
      defaultItems={choices}
      {...(isFree ? { inputValue: value, onInputChange: onChange } : { defaultInputValue: value })}
      {...(isFree ? {} : { defaultValue: isKnown ? value : null })}
      onChange={(key) => {
        if (key !== null) onChange(String(key));
      }}
      {...(isLabelHidden ? { 'aria-label': label } : {})}
    >
      {isLabelHidden ? null : <Label>{label}</Label>}
      <div className="combo">
        <Input className="input" {...(placeholder === undefined ? {} : { placeholder })} />
        <Button aria-label={`Show ${label.toLowerCase()}`}>
          <Icon name="chevron" />
        </Button>
      </div>
      <Popover className="popover" style={{ maxHeight: 'min(22rem, 60vh)' }}>
        <ListBox className="menu" renderEmptyState={() => <p className="menu-item soft">Nothing by that name</p>}>
          {(choice: Choice) => (
            <ListBoxItem className="menu-item" id={choice.id} textValue={choice.text ?? choice.id}>
              <span>{choice.text ?? choice.id}</span>
              {choice.hint === undefined ? null : <span className="soft">{choice.hint}</span>}
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </ComboBox>
  );
}

/** A line of text, or a date. */
export function TextField({
  label,
  value,
  onChange,
  ...input
}: {
  readonly label: string;
  readonly type?: 'date' | 'password';
  readonly placeholder?: string;
  readonly required?: boolean;
  readonly value: string;
  readonly onChange: (value: string) => void;
}) {
  return (
    <label className="field">
      <span className="label">{label}</span>
      <input
        className="input"
        {...input}
        value={value}
        onChange={(event) => {
          onChange(event.target.value);
        }}
      />
    </label>
  );
}

/** A choice of few: the browser's own list. */
export function Choose({
  label,
  isLabelHidden = false,
  choices,
  groups = [],
  value,
  onChange,
}: {
  readonly label: string;
  readonly isLabelHidden?: boolean;
  readonly choices: readonly Choice[];
  /** Further ones, each group under its name. */
  readonly groups?: readonly { readonly name: string; readonly choices: readonly Choice[] }[];
  readonly value: string;
  readonly onChange: (value: string) => void;
}) {
  return (
    <label className="field">
      <span className={isLabelHidden ? 'hidden-visually' : 'label'}>{label}</span>
      <select
        className="input"
        value={value}
        onChange={(event) => {
          onChange(event.target.value);
        }}
      >
        {choices.map(({ id, text }) => (
          <option key={id} value={id}>
            {text ?? id}
          </option>
        ))}
        {groups.map((group) => (
          <optgroup key={group.name} label={group.name}>
            {group.choices.map(({ id, text }) => (
              <option key={id} value={id}>
                {text ?? id}
              </option>
            ))}
          </optgroup>
        ))}
      </select>
    </label>
  );
}

/** A choice of two or three, all in sight: beside each other in one frame, or as tabs of what is below. */
export function Segments<Id extends string>({
  label,
  isTabs = false,
  choices,
  value,
  onChange,
}: {
  readonly label: string;
  readonly isTabs?: boolean;
  readonly choices: readonly { readonly id: Id; readonly text: string }[];
  readonly value: Id;
  readonly onChange: (id: Id) => void;
}) {
  return (
    <div className={isTabs ? 'tabs' : 'segments'} role="group" aria-label={label}>
      {choices.map(({ id, text }) => (
        <button
          key={id}
          type="button"
          className={isTabs ? 'tab' : 'segment'}
          aria-pressed={value === id}
          onClick={() => {
            onChange(id);
          }}
        >
          {text}
        </button>
      ))}
    </div>
  );
}

/** A button that opens a list of things to do. */
export function Actions({
  label,
  icon,
  items,
  onAction,
  isIconOnly = false,
}: {
  readonly label: string;
  readonly icon?: IconName;
  readonly items: readonly Choice[];
  readonly onAction: (id: string) => void;
  readonly isIconOnly?: boolean;
}) {
  return (
    <MenuTrigger>
      <Button className={isIconOnly ? 'button icon-only' : 'button'} {...(isIconOnly ? { 'aria-label': label } : {})}>
        {icon === undefined ? null : <Icon name={icon} />}
        {isIconOnly ? null : label}
      </Button>
      <Popover className="popover" placement="bottom end">
        <Menu
          className="menu"
          aria-label={label}
          onAction={(key) => {
            onAction(String(key));
          }}
        >
          {items.map((item) => (
            <MenuItem key={item.id} id={item.id} className="menu-item" textValue={item.text ?? item.id}>
              <span>{item.text ?? item.id}</span>
              {item.hint === undefined ? null : <span className="soft">{item.hint}</span>}
            </MenuItem>
          ))}
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}

/** The head of a page: what it is about, and what can be done with it. */
export function PageHead({
  title,
  lead,
  above,
  children,
}: {
  readonly title: ReactNode;
  readonly lead?: ReactNode;
  readonly above?: ReactNode;
  readonly children?: ReactNode;
}) {
  return (
    <header className="page-head">
      <div style={{ minWidth: 0 }}>
        {above}
        <h1>{title}</h1>
        {lead === undefined ? null : <div className="lead">{lead}</div>}
      </div>
      {children === undefined ? null : <div className="row spread">{children}</div>}
    </header>
  );
}
