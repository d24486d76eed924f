/** `/_sandbox/PROVIDER`: shows what is in force for a provider, and changes it. */
import { wholeBody } from './body.ts';
import { acceptedKeys, FaultOrderError, readFaultOrder } from './fault-order.ts';
import type { Imitation } from './imitation.ts';
import { parseJsonObject } from './parameters.ts';
import { errorReply, jsonReply, type Reply, withHeaders } from './reply.ts';
import type { Visit } from './visit.ts';

const MAX_ORDER_BYTES = 64 * 1024;

/** Rejects when the client leaves. */
export async function control(visit: Visit, imitations: ReadonlyMap<string, Imitation>): Promise<Reply> {
  const { method, target, fields } = visit;
  // A page in somebody's browser reaches loopback, too; nobody else sends this field.
  if (fields.get('origin') !== undefined) return errorReply(403, 'forbidden', 'web pages may not ask for faults');
  const imitation = imitations.get(target.path.slice(1));
  if (imitation === undefined) {
    return errorReply(404, 'not_found', `there are /_sandbox/${[...imitations.keys()].join(', /_sandbox/')}`);
  }
  if (method === 'POST') return obey(visit, imitation);
  if (method === 'GET' || method === 'HEAD') return jsonReply(200, imitation);
  return withHeaders(errorReply(405, 'method_not_allowed', 'GET shows the state, POST changes it'), {
    Allow: 'GET, HEAD, POST',
  });
}

async function obey(visit: Visit, imitation: Imitation): Promise<Reply> {
  const { forms } = imitation.provider.answer;
  const body = await wholeBody(visit.request, MAX_ORDER_BYTES);
  if (body === undefined) return errorReply(413, 'invalid_order', 'the body must not be larger than 64 KiB');
  const order = parseJsonObject(body);
  try {
    if (order === undefined) throw new FaultOrderError('the body must be a JSON object');
    imitation.obey(readFaultOrder(order, forms));
    return jsonReply(200, imitation);
  } catch (error) {
    if (!(error instanceof FaultOrderError)) throw error;
    return jsonReply(400, { error: 'invalid_order', error_description: error.message, accepted: acceptedKeys(forms) });
  }
}
