import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pathPattern } from '../../src/proxy/path-pattern.ts';

describe('a pattern', () => {
  test.each([
    ['/v1/orders', ['/v1/orders'], ['/v1/orders/', '/v1/order', '/v1/orders/1', '/V1/orders', '']],
    ['/v1/*', ['/v1/', '/v1/a', '/v1/a%2Fb'], ['/v1', '/v1/a/b', '/v1/a/']],
    ['/v1/**', ['/v1/', '/v1/a', '/v1/a/b', '/v1/a//'], ['/v1', '/v10/x', '/x/v1/a']],
    ['/*/items', ['/a/items', '//items'], ['/a/b/items', '/a/items/1']],
    ['/**/items', ['/a/items', '/a/b/items'], ['/items', '/a/items/1']],
    ['/a*b*c', ['/abc', '/axxbxxc', '/abbcc'], ['/ab', '/axb/c', '/xabc']],
    ['/**', ['/', '/a', '/a/b/c'], ['']],
    ['/a.b(c)[d]+$', ['/a.b(c)[d]+$'], ['/axb(c)[d]+$', '/a.bcd']],
    ['/a?', ['/a?'], ['/a', '/ab']],
  ])('%s', (pattern, matching, others) => {
    const matches = pathPattern(pattern);
    for (const path of matching) expect(matches(path), path).toBe(true);
    for (const path of others) expect(matches(path), path).toBe(false);
  });
});

test('any pattern matches what the regular expression of the same meaning matches', () => {
  const bit = fc.constantFrom('/', 'a', 'b', '*', '**', '.');
  const text = fc.array(fc.constantFrom('/', 'a', 'b', '.'), { maxLength: 12 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(fc.array(bit, { maxLength: 8 }), text, (bits, path) => {
      const source = bits.join('');
      const expression = source.replace(/\*\*|[*.]/g, (part) => ({ '**': '.*', '*': '[^/]*' })[part] ?? '\\.');
      expect(pathPattern(source)(path)).toBe(new RegExp(`^${expression}$`).test(path));
    }),
    { numRuns: 3000 },
  );
});

test('a pattern of many stars comes to an end on a path made to confuse it', () => {
  // A backtracking reading of this would outlive the test by far.
  expect(pathPattern(`/${'**a'.repeat(30)}`)(`/${'a'.repeat(8000)}b`)).toBe(false);
  expect(pathPattern(`/${'*a'.repeat(30)}`)(`/${'a'.repeat(8000)}`)).toBe(true);
});
