import { useQuery, type UseQueryResult } from '@tanstack/react-query';
import { buildSchema, type GraphQLSchema } from 'graphql';
import type { FhirVersion } from '../../fhir/version.js';
import { consoleUrl } from '../../session/settings.js';

/** The two faces: what AppSync serves, and FHIR's own operation. */
export type Surface = 'appsync' | 'operation';

/** A request of this visit. */
export interface AskedGraphql {
  readonly surface: Surface;
  readonly query: string;
  readonly variables: string;
  readonly headers: string;
}

/** Where the build put the schemas, from the console's address on. */
const paths: Readonly<Record<Surface, Readonly<Record<FhirVersion, string>>>> = {
  appsync: { r4: import.meta.env.SCHEMA_APPSYNC_R4, stu3: import.meta.env.SCHEMA_APPSYNC_STU3 },
  operation: { r4: import.meta.env.SCHEMA_OPERATION_R4, stu3: import.meta.env.SCHEMA_OPERATION_STU3 },
};

/** A schema shipped with the console, so that it needs no introspection. */
export function useSchema(version: FhirVersion, surface: Surface): UseQueryResult<GraphQLSchema> {
  return useQuery({
    queryKey: [version, 'schema', surface],
    queryFn: async ({ signal }) => {
      const reply = await fetch(new URL(paths[surface][version], consoleUrl()), { signal });
      if (!reply.ok) throw new Error('The schema that belongs to this console cannot be read.');
      return schemaOf(await reply.text());
    },
    staleTime: Infinity,
    structuralSharing: false,
  });
}

/** A schema of a text; scalars and directives of AppSync need no definition there. */
function schemaOf(sdl: string): GraphQLSchema {
  const scalars = [...new Set(sdl.match(/\bAWS[A-Z]\w+/g))].map((name) => `scalar ${name}`);
  return buildSchema(`${sdl}\n${scalars.join('\n')}`, { assumeValid: true, assumeValidSDL: true, noLocation: true });
}
