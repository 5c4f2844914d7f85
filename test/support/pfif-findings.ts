/** What the validator says of a whole text. */
import { KithError } from '../../src/base/errors.ts';
import { PfifValidator, type Finding } from '../../src/records/exchange/pfif/validate.ts';

/** What keeps it from being read at all is one finding. */
export function findingsIn(text: string, nowMs: number): readonly Finding[] {
  const validator = new PfifValidator(nowMs);
  try {
    return [...validator.push(text), ...validator.end()];
  } catch (error) {
    if (!(error instanceof KithError)) throw error;
    return [{ check: 'markup', line: 1, message: error.message }];
  }
}
