import { Icon } from '../../components/Icon.js';
import type { Issue } from '../../fhir/outcome.js';

/** What is wrong with a resource; each leads to its place. */
export function Issues({
  issues,
  onShow,
}: {
  readonly issues: readonly Issue[];
  readonly onShow: (place: string | undefined) => void;
}) {
  const isWrong = issues.some(({ severity }) => severity === 'error' || severity === 'fatal');
  return (
    <>
      {isWrong ? null : (
        <p className="small issues-advice">Nothing is wrong: it can be saved. What would make it better:</p>
      )}
      <ul className="issues" role="alert" aria-label="What is wrong">
        {issues.map((issue, place) => (
          <li
            key={place}
            className={issue.severity === 'warning' ? 'warn' : issue.severity === 'information' ? '' : 'bad'}
          >
            <Icon name={issue.severity === 'information' ? 'info' : 'alert'} />
            <span>{issue.text}</span>
            {issue.place === undefined ? null : (
              <button
                type="button"
                className="button quiet"
                onClick={() => {
                  onShow(issue.place);
                }}
              >
                <code>{issue.place}</code>
              </button>
            )}
          </li>
        ))}
      </ul>
    </>
  );
}
