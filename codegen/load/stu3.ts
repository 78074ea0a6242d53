import type { DefinitionNode } from './node.js';
import { readValidationResources } from './validation-resources.js';

/** Reads the definitions of STU3 (3.0.2) but for its search parameters, which this package lacks. */
export const readStu3 = (): Promise<DefinitionNode[]> => readValidationResources('dstu3');
