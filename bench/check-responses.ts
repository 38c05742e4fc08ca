import { isDeepStrictEqual } from 'node:util';
import { send, type Call } from './http-client.js';
import { addressOf, expect, signUp, taskTexts } from './seed.js';

/** Makes sure that a server does the work which it is to be measured at; throws if a response is wrong. */
export async function checkResponses(port: number, storage: 'redis' | 'memory'): Promise<void> {
  const { access: token } = await signUp(port, 'checked', addressOf(0));
  const { access: stranger } = await signUp(port, 'stranger', addressOf(1));

  const expectResponse = async (status: number, body: object | undefined, call: Call) => {
    const reply = await expect(status, port, call);
    const isAsExpected = body === undefined || isDeepStrictEqual(reply.body, body);
    if (!isAsExpected || !/^application\/json(;|$)/.test(reply.type)) {
      throw new Error(`${call.method} ${call.path}: not this: ${JSON.stringify(reply.body)}, ${reply.type}`);
    }
  };
  const first = { id: 1, ...taskTexts(1), status: 'pending' };
  const second = { id: 2, ...taskTexts(2), status: 'completed' };
  const create = { method: 'POST', path: '/tasks/create/', token } as const;
  await expectResponse(201, first, { ...create, body: taskTexts(1) });
  await expectResponse(201, second, { ...create, body: { ...taskTexts(2), status: 'completed' } });
  await expectResponse(400, undefined, { ...create, body: { title: '', description: 'x' } });
  await expectResponse(400, undefined, { ...create, body: { ...taskTexts(3), status: 'done' } });

  const get = { method: 'GET', path: '/tasks/1/', token } as const;
  await expectResponse(200, first, get);
  await expectResponse(404, undefined, { ...get, path: '/tasks/3/' });
  await expectResponse(404, undefined, { ...get, token: stranger });
  await expectResponse(401, undefined, { ...get, token: undefined });
  await expectResponse(401, undefined, { ...get, token: `${token.slice(0, -4)}AAAA` });
  if (storage === 'memory') return;

  const list = { ...get, path: '/tasks/' };
  await expectResponse(200, [first, second], list);
  await expectResponse(200, [], { ...list, token: stranger });
  await expectResponse(401, undefined, { ...list, token: undefined });

  const update = { method: 'PUT', path: '/tasks/1/update/', token } as const;
  const changed = { ...first, status: 'in-progress' };
  await expectResponse(200, changed, { ...update, body: { status: 'in-progress' } });
  await expectResponse(200, { ...changed, title: 'New' }, { ...update, body: { title: 'New' } });
  await expectResponse(200, [{ ...changed, title: 'New' }, second], list);
  await expectResponse(400, undefined, { ...update, body: { title: '' } });
  await expectResponse(404, undefined, { ...update, path: '/tasks/3/update/', body: {} });

  const remove = { method: 'DELETE', path: '/tasks/1/delete/', token } as const;
  await expectResponse(200, undefined, remove);
  await expectResponse(404, undefined, remove);
  await expectResponse(200, [second], list);
}

/** Makes sure that a server looks at each request whether the token is still good for anybody. */
export async function checkRejection(port: number, token: string): Promise<void> {
  const { status } = await send(port, { method: 'GET', path: '/tasks/1/', token });
  if (status !== 401) throw new Error(`A user who is gone gets ${status} instead of 401.`);
}
