import { loadBaseTerminology } from '../fhir/terminology/base.js';
import { fhirVersionNumbers } from '../fhir/version.js';
import { changed, statementText, type StatementText } from './capabilities.js';
import { expand } from './operations/expand.js';
import type { FhirServer } from './server.js';

/**
 * The TerminologyCapabilities: which code systems of the definitions are known, and what can be asked of them. Those that
 * are stored are found by a search, as far as the caller may see them. https://hl7.org/fhir/R4/terminologycapabilities.html
 * @param baseUrl by which the client knows the server.
 */
export async function terminologyCapabilities(server: FhirServer, baseUrl: string): Promise<StatementText> {
  const { version } = server.definitions;
  const terminology = await loadBaseTerminology(version);
  return statementText({
    resourceType: 'TerminologyCapabilities',
    status: 'active',
    date: changed,
    kind: 'instance',
    software: { name: 'fhir-on-appsync' },
    implementation: { description: `Terminology of FHIR ${fhirVersionNumbers[version]}`, url: baseUrl },
    codeSystem: terminology.codeSystems().map((uri) => ({ uri })),
    expansion: {
      hierarchical: false,
      paging: true,
      incomplete: false,
      parameter: expand.parameters
        .filter(({ versions }) => versions?.includes(version) !== false)
        .map(({ name }) => ({ name })),
    },
    validateCode: { translations: false },
    translation: { needsMap: true },
  });
}
