import { RemovalPolicy } from 'aws-cdk-lib/core';
import type { Stage } from '../read-settings.js';

/** What becomes of what holds data when it is taken out of its stack, or the stack is deleted. */
export const removalPolicy = ({ removal }: Stage): RemovalPolicy =>
  removal === 'destroy' ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN;
