import type { SearchParameterSource } from '../definitions.js';
import { child, children, requiredText, text, texts, type DefinitionNode } from './node.js';

/** Reads an R4 SearchParameter. */
export const searchParameterOf = (parameter: DefinitionNode): SearchParameterSource => {
  const expression = text(parameter, 'expression');
  return {
    url: requiredText(parameter, 'url'),
    code: requiredText(parameter, 'code'),
    base: texts(parameter, 'base'),
    type: requiredText(parameter, 'type'),
    ...(expression === undefined ? {} : { expression }),
    target: texts(parameter, 'target'),
    component: children(parameter, 'component').map((component) => ({
      definition: text(component, 'definition') ?? requiredText(requiredChild(component, 'definition'), 'reference'),
      expression: requiredText(component, 'expression'),
    })),
  };
};

const requiredChild = (node: DefinitionNode, name: string): DefinitionNode => {
  const found = child(node, name);
  if (found === undefined) throw new Error(`A ${node.name} has no ${name}`);
  return found;
};
