/** For what may be sent again and hears the same answer: votes and enrolments. */
import { Failure } from './failure.js';
import { objectOf, type JsonObject } from './json.js';

const attempts = 5;

/** The answer when it is no longer `pending`, or else the last one, half a second more apart each time. */
export async function patiently(send: () => Promise<unknown>): Promise<JsonObject> {
  for (let attempt = 1; ; attempt++) {
    const answer = await send().then(objectOf, (error: unknown) => {
      if (error instanceof Failure && error.passing && attempt < attempts) return { status: 'pending' };
      throw error;
    });
    if (answer['status'] !== 'pending' || attempt === attempts) return answer;
    await new Promise((resolve) => setTimeout(resolve, attempt * 500));
  }
}
