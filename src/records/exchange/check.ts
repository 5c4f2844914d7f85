/** What is wrong with a PFIF file, to the letter of its version, without taking anything in. */
import type { Bytes } from '../../base/bytes.ts';
import { KithError } from '../../base/errors.ts';
import { decodeText } from './decode.ts';
import { MOST_FAULTS, type ImportFault } from './import.ts';
import { PfifValidator, type Finding } from './pfif/validate.ts';
import type { ImportSource } from './ports.ts';

export interface PfifChecked {
  readonly records: number;
  readonly findings: readonly ImportFault[];
  /** Beyond those that are listed. */
  readonly leftOut: number;
}

/** What keeps a file from being read at all is a finding, the last one. */
export async function checkPfif(
  source: ImportSource,
  nowMs: number,
  progress: (doneBytes: number) => void,
): Promise<PfifChecked> {
  const validator = new PfifValidator(nowMs);
  const findings: ImportFault[] = [];
  let leftOut = 0;
  let bytes = 0;
  const add = (found: readonly Finding[]): void => {
    for (const { check, line, message } of found)
      if (findings.length < MOST_FAULTS) findings.push({ line, code: check.replaceAll('_', '-'), message });
      else leftOut += 1;
  };
  async function* counted(): AsyncGenerator<Bytes> {
    for await (const chunk of source.open()) {
      bytes += chunk.byteLength;
      yield chunk;
    }
  }
  try {
    for await (const text of decodeText(counted())) {
      add(validator.push(text));
      progress(bytes);
    }
    add(validator.end());
  } catch (error) {
    if (!(error instanceof KithError) || !ABOUT_FILE.has(error.code)) throw error;
    add([{ check: 'markup', line: 1, message: error.message }]);
  }
  return { records: validator.count, findings, leftOut };
}

const ABOUT_FILE = new Set([
  'bad-encoding',
  'dtd-refused',
  'not-pfif',
  'not-xml',
  'too-large',
  'unknown-version',
]);
