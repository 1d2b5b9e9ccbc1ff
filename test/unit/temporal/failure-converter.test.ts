import { describe, expect, it } from '@jest/globals';
import { ApplicationFailure, defaultPayloadConverter } from '@temporalio/common';
import { failureConverter } from '../../../src/temporal/failure-converter.js';

describe('a failure on its way into a history', () => {
  it.each<[what: string, error: Error]>([
    ['an error of somebody else', new TypeError('Jane Quillfeather, MRN 4711')],
    ['an error with such a cause', new Error('outside', { cause: new Error('Jane Quillfeather, MRN 4711') })],
    ['a failure of an activity', ApplicationFailure.nonRetryable('Jane Quillfeather, MRN 4711', 'ehr.unavailable')],
  ])('hides message and stack of %s where the codec encrypts them', (_what, error) => {
    const failure = failureConverter.errorToFailure(error, defaultPayloadConverter);
    const clear = JSON.stringify(failure, (key, value) => (key === 'encodedAttributes' ? 'encrypted' : value));
    expect(clear).not.toMatch(/Quillfeather|4711|failure-converter\.test/);
    expect(failure).toMatchObject({ message: 'Encoded failure', stackTrace: '' });
    const back = failureConverter.failureToError(failure, defaultPayloadConverter);
    expect(back.message).toBe(error.message);
  });
});
