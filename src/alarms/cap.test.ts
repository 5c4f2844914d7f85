/** CAP documents: the samples of other systems, the rules of the standard, and what must not get in. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { utf8 } from '../base/bytes.ts';
import { isKithError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { NetworkId } from '../base/ids.ts';
import { readCap } from './cap-read.ts';
import { capTime, capTimeMs, isCircle, isPolygon } from './cap-values.ts';
import { writeCap } from './cap-write.ts';
import { alertFromCap, alertFromWords, documentOf, isAbout } from './making.ts';
import { decodeAlert, encodeAlert } from './wire.ts';
import type { AlertMessage } from './types.ts';

const SAMPLES = join(import.meta.dirname, '../../../shared/data/cap');
const NO_SAMPLES = existsSync(SAMPLES) ? false : 'the samples in ../shared/data/cap are not here';

const CAP = `<?xml version="1.0"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
  <identifier>id-1</identifier>
  <sender>who@example.org</sender>
  <sent>2026-11-28T10:00:00+06:30</sent>
  <status>Actual</status>
  <msgType>Alert</msgType>
  <scope>Public</scope>
  <info>
    <category>Fire</category>
    <event>Fire &amp; smoke</event>
    <urgency>Immediate</urgency>
    <severity>Severe</severity>
    <certainty>Observed</certainty>
    <headline>Fire at <![CDATA[gate <2>]]></headline>
    <area>
      <areaDesc>Camp North</areaDesc>
      <polygon>20.1,92.9 20.2,92.9 20.2,93.0 20.1,92.9</polygon>
      <circle>20.15,92.95 1.5</circle>
    </area>
  </info>
</alert>
`;

function refused(text: string | Uint8Array, code: string, message: RegExp): void {
  assert.throws(
    () => readCap(typeof text === 'string' ? utf8(text) : text),
    (error) => isKithError(error, code) && message.test(error.message),
    String(message),
  );
}

describe('the samples of other systems', { skip: NO_SAMPLES }, () => {
  const sample = (name: string): Uint8Array => new Uint8Array(readFileSync(join(SAMPLES, name)));

  for (const name of ['australia', 'canada', 'earthquake', 'earthquake-iso8859-1', 'weather']) {
    it(`${name}.cap is read, crosses a link, and is written so that it reads the same`, () => {
      const document = readCap(sample(`${name}.cap`));
      assert.ok(document.infos.length > 0);
      assert.deepEqual(readCap(utf8(writeCap(document))), document);
      const said = alertFromCap(document, { afterMs: 0, to: [] });
      const body = { ...said, msgType: 'Alert', alarm: null, follows: null } as const;
      assert.deepEqual(decodeAlert(encodeAlert(body)), body);
    });
  }

  it('text is in the encoding that the file declares', () => {
    assert.match(readCap(sample('earthquake-iso8859-1.cap')).infos[0]?.headline ?? '', /Usulután/);
  });

  it('an alert without info is CAP, and no alarm', () => {
    const document = readCap(sample('no_optional_fields.cap'));
    assert.throws(
      () => alertFromCap(document, { afterMs: 0, to: [] }),
      (error) => isKithError(error, 'bad-cap'),
    );
  });

  it('what breaks a rule is refused, with its line', () => {
    refused(sample('invalid.cap'), 'bad-cap', /^Line 2: “alert” has no “scope”\.$/);
    refused(sample('canada_errors.cap'), 'bad-cap', /^Line 12: “references” is there and names nothing\.$/);
  });

  it('feeds of another format are no alerts', () => {
    for (const name of ['amber.atom', 'weather.atom'])
      refused(sample(name), 'bad-cap', /no CAP alert, but “/);
  });
});

describe('a document', () => {
  it('is read as it stands', () => {
    const { infos, ...alert } = readCap(utf8(CAP));
    assert.equal(alert.identifier, 'id-1');
    assert.equal(infos[0]?.headline, 'Fire at gate <2>');
    assert.equal(infos[0].event, 'Fire & smoke');
    assert.deepEqual(infos[0].areas[0]?.circles, ['20.15,92.95 1.5']);
  });

  it('may be UTF-8 with a mark, or UTF-16', () => {
    const wide = CAP.replace('Camp North', 'စခန်း');
    const little = Buffer.from(wide.replace('"1.0"', '"1.0" encoding="UTF-16"'), 'utf16le');
    const big = Buffer.from(little).swap16();
    for (const bytes of [
      Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(wide)]),
      little,
      Buffer.concat([Buffer.from([0xff, 0xfe]), little]),
      big,
      Buffer.concat([Buffer.from([0xfe, 0xff]), big]),
    ])
      assert.equal(readCap(new Uint8Array(bytes)).infos[0]?.areas[0]?.areaDesc, 'စခန်း');
    refused(new Uint8Array([...utf8(CAP.slice(0, 60)), 0xff]), 'bad-cap', /not written in utf-8/);
    refused(CAP.replace('"1.0"', '"1.0" encoding="klingon"'), 'bad-cap', /klingon/);
  });

  it('with a DTD is refused, wherever it stands and whatever it says', () => {
    const bomb = '<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;&b;">]>';
    for (const dtd of [
      bomb,
      '<!DOCTYPE alert SYSTEM "file:///etc/passwd">',
      '<!doctype alert>',
      '<!DOCTYPE alert [<!ENTITY',
    ])
      for (const before of ['', '<?pi?>\n', '<!-- x -->', '\n \n'])
        refused(CAP.replace('<alert', `${before}${dtd}<alert`), 'dtd-refused', /DTD/);
    assert.ok(readCap(utf8(CAP.replace('<alert', '<!-- <!DOCTYPE x> --><alert'))));
  });

  it('uses no entities but the five of XML', () => {
    refused(CAP.replace('&amp;', '&b;'), 'bad-cap', /^Line 11: this is not well-formed XML/);
    refused(CAP.replace('</alert>', ''), 'bad-cap', /not well-formed/);
    refused('', 'bad-cap', /^Line 1: /);
    refused('nothing of it', 'bad-cap', /not well-formed/);
  });

  const BREAKS: readonly (readonly [what: string, from: string, to: string, message: RegExp])[] = [
    [
      'a severity of its own',
      'Severe<',
      'Huge<',
      /^Line 13: “severity” is “Huge”, and has to be one of Extreme/,
    ],
    ['no urgency', '<urgency>Immediate</urgency>', '', /^Line 9: “info” has no “urgency”/],
    ['no category', '<category>Fire</category>', '', /^Line 9: “info” has no “category”/],
    ['no event', '<event>Fire &amp; smoke</event>', '', /“info” has no “event”/],
    ['a time in letters', '+06:30', 'Z', /^Line 5: “sent” is/],
    ['a day that is none', '11-28T', '02-30T', /^Line 5: “sent”/],
    ['blanks in its name', 'id-1', 'id 1', /^Line 3: “identifier”/],
    ['a comma in its sender', 'who@', 'who,', /^Line 4: “sender”/],
    [
      'a status twice',
      '<status>Actual</status>',
      '<status>Actual</status><status>Test</status>',
      /“status” stands here a second time/,
    ],
    ['an unknown element', '<headline>', '<colour>red</colour><headline>', /CAP knows no “colour” in “info”/],
    ['an element in a text', 'id-1', '<b>id</b>', /“identifier” holds text, and no “b”/],
    ['a text between elements', '<info>', '<info>hm', /text between the elements/],
    ['an open polygon', '20.1,92.9</polygon>', '20.1,92.8</polygon>', /^Line 18: “polygon”/],
    ['a circle off the earth', '20.15,92.95', '95,92.95', /^Line 19: “circle”/],
    ['an area without a name', '<areaDesc>Camp North</areaDesc>', '', /“area” has no “areaDesc”/],
    ['a restriction that is missing', 'Public', 'Restricted', /needs a “restriction”/],
    ['addresses that are missing', 'Public', 'Private', /needs “addresses”/],
    ['an update of nothing', '<msgType>Alert', '<msgType>Update', /needs “references”/],
    [
      'references that are none',
      '<scope>Public</scope>',
      '<scope>Public</scope><references>a,b</references>',
      /not sender,identifier,sent/,
    ],
    ['another namespace', 'cap:1.2', 'cap:9.9', /^Line 2: this is no CAP alert/],
  ];
  for (const [what, from, to, message] of BREAKS)
    it(`with ${what} is refused, with its line`, () => {
      assert.ok(CAP.includes(from));
      refused(CAP.replace(from, to), 'bad-cap', message);
    });

  it('is bounded in size, depth and number', () => {
    refused(new Uint8Array(LIMITS.capBytes + 1), 'too-large', /at most/);
    refused(CAP.replace('Camp North', 'x'.repeat(LIMITS.alertTextChars + 1)), 'bad-cap', /longer than/);
    refused(
      CAP.replace('<area>', '<category>Fire</category>'.repeat(6000) + '<area>'),
      'bad-cap',
      /too many elements/,
    );
    refused(CAP.replace('Camp North', '<value>'.repeat(9)), 'bad-cap', /nested too deep/);
  });

  it('leaves a signature and embedded content aside', () => {
    const signed = CAP.replace(
      '</alert>',
      '<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><KeyInfo>k</KeyInfo></Signature></alert>',
    );
    assert.deepEqual(readCap(utf8(signed)), readCap(utf8(CAP)));
  });
});

describe('values', () => {
  it('times have an offset and are of the calendar', () => {
    assert.equal(capTimeMs('2026-11-28T10:00:00+06:30'), Date.UTC(2026, 10, 28, 3, 30));
    assert.equal(capTimeMs(capTime(Date.UTC(2026, 10, 28, 3, 30))), Date.UTC(2026, 10, 28, 3, 30));
    for (const text of [
      '2026-11-28T10:00:00Z',
      '2026-11-28T10:00:00.1+00:00',
      '2026-13-01T00:00:00+00:00',
      '2026-02-29T00:00:00+00:00',
      '',
    ])
      assert.equal(capTimeMs(text), undefined, text);
    assert.ok(capTimeMs('2028-02-29T00:00:00-00:00') !== undefined);
  });

  it('shapes are closed and on the earth', () => {
    assert.ok(isPolygon('1,1 1,2 2,2 1,1'));
    assert.ok(!isPolygon('1,1 1,2 1,1'));
    assert.ok(!isPolygon('1,1 1,200 2,2 1,1'));
    assert.ok(isCircle('-16.053,-173.274 0.0'));
    for (const text of ['1,1', '1 1', '1,1,1 1', '1,1 -1', '1,1 1 1', '']) assert.ok(!isCircle(text), text);
  });
});

describe('a message of kith', () => {
  const network = 'ab'.repeat(32) as NetworkId;
  const said = alertFromWords(
    { text: 'Fire\u0007 at <gate> 2\nRun', areas: ['20.1,92.9 3'] },
    'Ada',
    true,
    true,
    { afterMs: 0, to: [] },
  );
  const message: AlertMessage = {
    id: 'cd'.repeat(32) as AlertMessage['id'],
    alarm: 'cd'.repeat(32) as AlertMessage['id'],
    feed: 'ef'.repeat(32) as AlertMessage['feed'],
    seq: 1,
    hlc: { ms: Date.UTC(2026, 10, 28), n: 0 },
    device: '01'.repeat(32) as AlertMessage['device'],
    author: { member: '23'.repeat(32) as AlertMessage['author']['member'], role: 'admin' },
    audience: 'members',
    body: { ...said, msgType: 'Alert', alarm: null, follows: null },
  };
  const alarm = {
    id: message.id,
    root: message,
    current: message,
    cancelled: undefined,
    messages: [message],
    refused: [],
  };

  it('is a CAP document that others can read, and is found again by it', () => {
    const document = documentOf(alarm, message, network);
    const read = readCap(utf8(writeCap(document)));
    assert.deepEqual(
      [read.scope, read.status, read.infos[0]?.headline],
      ['Restricted', 'Exercise', 'Fire at <gate> 2'],
    );
    assert.ok(isAbout(alarm, [read], network));
    assert.ok(!isAbout(alarm, [{ ...read, identifier: 'another' }], network));
  });
});
