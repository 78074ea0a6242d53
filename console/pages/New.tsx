import { Link, useParams } from '@tanstack/react-router';
import { PageHead } from '../components/fields.js';
import { TypeBadge } from '../components/TypeBadge.js';
import { useVersion } from '../session/queries.js';
import { Edit } from './resource/Edit.js';
import '../style/resource.css';

/** A resource to be made, as JSON; Validate says what is missing. */
export function New() {
  const version = useVersion();
  const { type } = useParams({ from: '/$version/new/$type' });
  return (
    <>
      <PageHead
        above={
          <p className="small crumbs">
            <Link to="/$version/$type" params={{ version, type }}>
              <TypeBadge type={type} />
            </Link>
          </p>
        }
        title={`New ${type}`}
        lead="The server gives it an id. Validate says what is missing or wrong, at its place, before anything is stored."
      />
      <Edit key={type} type={type} first={`{\n  "resourceType": "${type}"\n}\n`} />
    </>
  );
}
