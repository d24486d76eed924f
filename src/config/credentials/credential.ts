/** A set of credentials and how a token is got with them: a union of kinds, told apart by `type`. */
import * as z from 'zod';
import { nearest } from '../nearest.ts';
import { emptyAsAbsent, notAGroup } from '../scalars.ts';
import { apiKeySchema } from './api-key.ts';
import { basicSchema } from './basic.ts';
import { clientCredentialsSchema } from './client-credentials.ts';
import { commandSchema } from './command.ts';
import { fileSchema } from './file.ts';
import { jwtBearerSchema } from './jwt-bearer.ts';
import { passwordSchema } from './password.ts';
import { isGroup, overProvider } from './presets.ts';
import { refreshTokenSchema } from './refresh-token.ts';
import { staticSchema } from './static.ts';
import { tokenExchangeSchema } from './token-exchange.ts';

/** What a credential is that does not say. */
const usualType = 'client_credentials';

export function credentialSchema(folder: string) {
  return z.preprocess(
    typed,
    z.discriminatedUnion(
      'type',
      [
        clientCredentialsSchema(folder),
        refreshTokenSchema(folder),
        passwordSchema(folder),
        jwtBearerSchema(folder),
        tokenExchangeSchema(folder),
        staticSchema(folder),
        apiKeySchema(folder),
        basicSchema(folder),
        fileSchema(folder),
        commandSchema(folder),
      ],
      { error: (issue) => (issue.code === 'invalid_union' ? noSuchKind(issue) : notAGroup) },
    ),
  );
}

function typed(given: unknown): unknown {
  if (!isGroup(given)) return given;
  const type = emptyAsAbsent(given['type']) ?? usualType;
  return type === usualType ? overProvider({ ...given, type }) : given;
}

function noSuchKind({ input, options }: { readonly input?: unknown; readonly options?: unknown }): string {
  const type = isGroup(input) ? input['type'] : undefined;
  const kinds = Array.isArray(options) ? options.map(String) : [];
  return `is none of the words known here${nearest(typeof type === 'string' ? type : '', kinds)}`;
}
