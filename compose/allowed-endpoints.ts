import type { AllowedEndpoints } from '../indexer/endpoint.js';
import { oneOf, SettingsError } from './settings-error.js';

/**
 * Reads SUBSCRIPTION_ENDPOINTS and SUBSCRIPTION_PRIVATE_ADDRESSES.
 * @param setting the text of a variable, or what counts without it.
 * @returns where Subscriptions may have notifications sent; undefined for nowhere.
 * @throws SettingsError for what cannot be used.
 */
export function readAllowedEndpoints(
  setting: (name: string, standard: string) => string,
): AllowedEndpoints | undefined {
  const prefixes = setting('SUBSCRIPTION_ENDPOINTS', '')
    .split(',')
    .map((prefix) => prefix.trim())
    .filter((prefix) => prefix !== '');
  for (const prefix of prefixes) {
    const url = URL.canParse(prefix) ? new URL(prefix) : undefined;
    if (url === undefined || !/^https?:$/.test(url.protocol) || url.search + url.hash + url.username !== '') {
      throw new SettingsError(
        `SUBSCRIPTION_ENDPOINTS has "${prefix}": it must be a URL such as https://hooks.example.org`,
      );
    }
  }
  const name = 'SUBSCRIPTION_PRIVATE_ADDRESSES';
  const privateAddresses = oneOf(name, setting(name, 'off').toLowerCase(), ['on', 'off']) === 'on';
  return prefixes.length === 0 ? undefined : { prefixes, privateAddresses };
}
