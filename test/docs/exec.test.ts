/** What docs/recipes/ci.md says, run as the two services would: the commands of their files, in a job of their own. */
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { pageOf } from './page.ts';
import { areInstalled, openSession, program, type Session } from './session.ts';
import { api, identityProvider, startWorld, type World } from './world.ts';

interface Workflow {
  readonly jobs: {
    readonly integration: {
      readonly steps: readonly { readonly run?: string; readonly env?: Readonly<Record<string, string>> }[];
    };
  };
}

const page = await pageOf('recipes/ci.md');

/** A machine with the files of the page, where packages need not be fetched. */
async function job(): Promise<{ readonly session: Session; readonly world: World }> {
  const world = await startWorld({ 'id.example.com': identityProvider(), 'crm.example.com': api() });
  const session = await openSession({ env: world.env });
  await program(session, 'npx', 'exec "$@"\n');
  await session.follow(page);
  return { session, world };
}

describe.runIf(areInstalled('curl'))('a job of', () => {
  test('GitHub Actions', async () => {
    const { session, world } = await job();
    const { jobs }: Workflow = parse(page.file('.github/workflows/integration.yml'));
    const [step] = jobs.integration.steps.filter(({ run }) => run !== undefined);
    const given = Object.entries(step?.env ?? {}).map(([name, value]) => {
      expect(value).toBe(`\${{ secrets.${name} }}`);
      return `export ${name}=canary-secret\n`;
    });
    await session.run(`${given.join('')}${step?.run}`);
    expect(session.said).toContain('{"method":"GET","path":"/api/orders"}');
    expect(world.of('id.example.com')[0]?.headers.authorization).toBe(`Basic ${btoa('your-client-id:canary-secret')}`);
  });

  test('GitLab CI, whose tests see neither secret nor token', async () => {
    const { session, world } = await job();
    const { integration }: { readonly integration: { readonly script: readonly string[] } } = parse(
      page.file('.gitlab-ci.yml'),
    );
    await session.write('integration-tests.sh', `${page.file('integration-tests.sh')}env\n`);
    await session.run(`export CRM_CLIENT_SECRET=canary-secret\n${integration.script.join('\n')}`);
    expect(session.said).toContain('{"method":"GET","path":"/api/orders"}');
    expect(session.said).not.toContain('canary-');
    expect(session.said).toMatch(/^CRM_BASE_URL=http:\/\/x:\w+@127\.0\.0\.1:\d+\/crm$/m);
    expect(world.issued).toHaveLength(1);
  });

  test('either fails when its tests do', async () => {
    const { session } = await job();
    await session.write('integration-tests.sh', 'exit 3\n');
    await session.run(
      'CRM_CLIENT_SECRET=a npx bearerway exec -c proxy.yaml -- sh integration-tests.sh || echo "ended with $?"',
    );
    expect(session.said).toContain('ended with 3');
  });
});
