import { describe, expect, test } from 'vitest';
import { raw } from '../support/raw-replies.ts';
import { setStage } from '../support/stage.ts';

function get(target: string): Buffer {
  return Buffer.from(raw([`GET ${target} HTTP/1.1`, 'Host: localhost']), 'latin1');
}

describe('a path that could leave its prefix never reaches the API', () => {
  test.each([
    ['P01 dot segments', 400, ['/api/../admin', '/api/./x', '/api/..', '/api/.', '/api/a/../../admin']],
    ['P02 encoded dots', 400, ['/api/%2e%2e/admin', '/api/%2E./x', '/api/.%2e/x', '/api/%2e/x']],
    ['P03 dots at the boundary', 404, ['/api../admin', '/api%2e%2e/admin']],
    ['P04 more at the boundary', 404, ['/api%2e/admin', '/api%20/admin', '/api;/admin', '/api%3b/../x'.slice(0, 7)]],
    ['P05 half a segment', 404, ['/apiX', '/api-v2', '/ap', '/']],
    ['P06 two slashes', 400, ['//api/x', '/api//x', '/api//', '///evil.test/x', '//evil.test/api/x']],
    ['P07 backslashes', 400, ['/\\evil.test/x', '/api\\..\\admin', '/api%5c..%5cadmin', '/api/%5c../x']],
    ['P08 encoded slashes that hide a segment', 400, ['/api/x%2f..%2fy', '/api/%2f..', '/api%2f..%2fadmin']],
    ['P08 an encoded slash for the boundary', 404, ['/api%2fadmin', '/%61pi/x']],
    ['P09 dots with parameters', 400, ['/api/..;/admin', '/api/..;a=b/x', '/api/%2e%2e;/x', '/api/..%3b/x']],
    ['P10 fragments', 400, ['/api/x#frag', '/api#/../admin', '/api?q#x']],
    ['P11 NUL', 400, ['/api/%00', '/api/a%00.json']],
    ['P12 a broken "%"', 400, ['/api/%zz', '/api/%', '/%%36%36', '/api/x%2']],
    ['P14 bytes that may not stand there', 400, ['/api/\x80', '/api/\x7f', '/api/\t', '/api/a b', '/api/\x01']],
    ['P15 another case', 404, ['/API/x', '/Api']],
  ])('%s', async (_, status, targets) => {
    const stage = await setStage();
    for (const target of targets) await stage.refuses(get(target), status, status === 404 ? 'no_route' : 'bad_request');
  });
});

describe('what is data reaches the API as the bytes that came', () => {
  test.each([
    ['P13 what is encoded twice', ['/%252e%252e/x', '/%252f%255c%2500']],
    ['P14 printable ASCII', ['/"<>^`{|}', "/!$&'()*+,;=:@~_-."]],
    ['P16 anything in the query', ['?x=/../..', '?a=%2e%2e%2f', '?%zz&%', '?//&?', '/x?', '?"<>^`{|}']],
    ['P18 overlong UTF-8', ['/%c0%ae%c0%ae/x', '/%ff']],
    ['encoded slashes', ['/a%2Fb', '/a%2fb', '/@scope%2fname', '/a%5Cb', '/%2Fx']],
    ['inner slashes', ['/a//b', '/a//', '/a///b?//']],
    ['dots that are no segment', ['/...', '/.well-known', '/a..b', '/..a/b..', '/a;..']],
  ])('%s', async (_, rests) => {
    const stage = await setStage();
    for (const rest of rests) await stage.passes(get(`/api${rest}`));
    expect(stage.api.requests.map(({ url }) => url)).toEqual(
      rests.map((rest) => (rest.startsWith('?') ? `/${rest}` : rest)),
    );
  });
});

describe('P17 a target may be as long as limits.targetSize says', () => {
  test.each([
    [8 * 1024, 200],
    [8 * 1024 + 1, 414],
    [20_000, 414],
    [60_000, 414],
  ])('%i bytes: %i', async (size, status) => {
    const stage = await setStage();
    const target = get(`/api/${'x'.repeat(size - 5)}`);
    if (status === 200) await stage.passes(target);
    else await stage.refuses(target, status, 'uri_too_long');
  });
});
