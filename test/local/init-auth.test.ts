import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createHash, createHmac, getDiffieHellman, hkdfSync, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { cognitoToken } from '../../local/init-auth/cognito-token.js';
import { deployedPlace } from '../../local/init-auth/deployed-place.js';

// The server's half of SRP as Cognito does it: RFC 5054's group of 3072 bits, numbers padded as signed ones, SHA-256.
const prime = BigInt(`0x${getDiffieHellman('modp15').getPrime('hex')}`);
const hash = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest();
const number = (bytes: Buffer): bigint => BigInt(`0x${bytes.toString('hex')}`);
function padded(value: bigint): Buffer {
  const digits = value.toString(16);
  const even = digits.length % 2 === 0 ? digits : `0${digits}`;
  return Buffer.from(/^[89a-f]/.test(even) ? `00${even}` : even, 'hex');
}
function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let b = base % prime, e = exponent; e > 0n; e >>= 1n, b = (b * b) % prime)
    if (e & 1n) result = (result * b) % prime;
  return result;
}

const pool = 'AbCdEf';
const userId = 'a-user-of-the-pool';
const password = 'Correct horse 1!';
const salt = number(randomBytes(16));
const secretBlock = randomBytes(32);
const verifier = power(
  2n,
  number(hash(Buffer.concat([padded(salt), hash(Buffer.from(`${pool}${userId}:${password}`))]))),
);

let server: Server;
let place: { region: string; userPoolId: string; clientId: string; endpoint: string };
let asked: string[] = [];
let afterProof: object = { AuthenticationResult: { AccessToken: 'the token' } };

beforeAll(async () => {
  const secret = number(randomBytes(32));
  const k = number(hash(Buffer.concat([padded(prime), padded(2n)])));
  const own = (k * verifier + power(2n, secret)) % prime;
  let theirs = 0n;
  const isProven = (answers: Record<string, string>): boolean => {
    const u = number(hash(Buffer.concat([padded(theirs), padded(own)])));
    const shared = power(theirs * power(verifier, u), secret);
    const key = Buffer.from(hkdfSync('sha256', padded(shared), padded(u), 'Caldera Derived Key', 16));
    const proof = createHmac('sha256', key)
      .update(pool + userId)
      .update(secretBlock)
      .update(answers['TIMESTAMP'] ?? '')
      .digest('base64');
    return proof === answers['PASSWORD_CLAIM_SIGNATURE'] && answers['USERNAME'] === userId;
  };
  server = createServer((request, response) => {
    void (async () => {
      const body = await text(request);
      asked.push(body);
      const { AuthParameters: begun, ChallengeResponses: answers } = JSON.parse(body) as Record<
        string,
        Record<string, string> | undefined
      >;
      let answer: object = { __type: 'NotAuthorizedException', message: 'Incorrect username or password.' };
      if (begun !== undefined) {
        theirs = BigInt(`0x${begun['SRP_A'] ?? ''}`);
        answer = {
          ChallengeName: 'PASSWORD_VERIFIER',
          ChallengeParameters: {
            SRP_B: own.toString(16),
            SALT: salt.toString(16),
            SECRET_BLOCK: secretBlock.toString('base64'),
            USER_ID_FOR_SRP: userId,
            USERNAME: userId,
          },
        };
      } else if (answers !== undefined && isProven(answers)) answer = afterProof;
      response.writeHead('__type' in answer ? 400 : 200, { 'content-type': 'application/x-amz-json-1.1' });
      response.end(JSON.stringify(answer));
    })();
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const endpoint = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  place = { region: 'eu-central-1', userPoolId: `eu-central-1_${pool}`, clientId: 'client', endpoint };
});
afterAll(() => new Promise((done) => server.close(done)));

describe('a token of Cognito by user and password', () => {
  test('is given for the password, which is never sent', async () => {
    asked = [];
    expect(await cognitoToken(place, 'practitioner', password)).toBe('the token');
    expect(asked).toHaveLength(2);
    expect(asked.join()).not.toContain('horse');
  });

  test('is refused for another password, with what Cognito says', async () => {
    await expect(cognitoToken(place, 'practitioner', 'Wrong horse 1!')).rejects.toThrow(
      'Cognito gives no token (NotAuthorizedException): Incorrect username or password.',
    );
  });

  test('names what Cognito asks for beyond the password', async () => {
    afterProof = { ChallengeName: 'NEW_PASSWORD_REQUIRED', Session: 's' };
    await expect(cognitoToken(place, 'practitioner', password)).rejects.toThrow(
      'asks for more (NEW_PASSWORD_REQUIRED)',
    );
  });
});

describe('the outputs of a deployment', () => {
  const folder = mkdtempSync(join(tmpdir(), 'outputs-'));
  const file = join(folder, 'outputs.json');
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  test('name the pool, whatever stack they are of', () => {
    const rest = { Region: 'eu-west-1', RestApiUrl: 'https://x' };
    writeFileSync(file, JSON.stringify({ a: rest, b: { UserPoolId: 'eu-west-1_X', ClientId: 'c' } }));
    expect(deployedPlace(file)).toEqual({ region: 'eu-west-1', userPoolId: 'eu-west-1_X', clientId: 'c' });
  });

  test('are none where nothing is deployed', () => {
    expect(deployedPlace(join(folder, 'none.json'))).toBeUndefined();
  });
});
