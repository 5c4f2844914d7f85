/** Names of columns that people write for what PFIF calls otherwise, and values likewise. `docs/protocol/exchange.md` lists them. */

/** Field → headings, in small letters, with everything but letters and digits left out. */
const HEADINGS: Readonly<Record<string, readonly string[]>> = {
  person_record_id: [
    'id',
    'recordid',
    'personid',
    'caseid',
    'caseno',
    'casenumber',
    'registrationno',
    'registrationnumber',
  ],
  full_name: ['name', 'fullname', 'personname', 'completename'],
  given_name: ['givenname', 'givennames', 'firstname', 'forename'],
  family_name: ['familyname', 'lastname', 'surname'],
  alternate_names: [
    'alternatenames',
    'othernames',
    'othername',
    'alias',
    'aliases',
    'nickname',
    'alsoknownas',
  ],
  description: ['description', 'remarks', 'remark', 'comments', 'comment', 'notes'],
  sex: ['sex', 'gender'],
  date_of_birth: ['dateofbirth', 'birthdate', 'dob', 'born', 'yearofbirth'],
  age: ['age', 'ageyears', 'ageinyears'],
  home_street: ['homestreet', 'street', 'address', 'homeaddress'],
  home_neighborhood: ['homeneighborhood', 'neighborhood', 'neighbourhood', 'quarter', 'block', 'camp'],
  home_city: ['homecity', 'city', 'town', 'village', 'township'],
  home_state: ['homestate', 'state', 'region', 'province', 'division', 'district'],
  home_postal_code: ['homepostalcode', 'postalcode', 'postcode', 'zip', 'zipcode'],
  home_country: ['homecountry', 'country', 'countrycode'],
  photo_url: ['photourl', 'photo', 'picture'],
  source_url: ['sourceurl', 'link'],
  source_name: ['sourcename', 'source'],
  source_date: ['sourcedate', 'date', 'registered', 'registeredon', 'registrationdate', 'dateofregistration'],
  expiry_date: ['expirydate', 'expires', 'expireson'],
  author_name: [
    'authorname',
    'author',
    'reporter',
    'reportedby',
    'registeredby',
    'contactname',
    'contactperson',
  ],
  author_email: ['authoremail', 'reporteremail', 'contactemail'],
  author_phone: ['authorphone', 'reporterphone', 'contactphone'],
  status: ['status'],
  last_known_location: ['lastknownlocation', 'lastseen', 'lastseenat', 'lastlocation', 'placelastseen'],
};

const FIELD_OF = new Map(
  Object.entries(HEADINGS).flatMap(([field, headings]) =>
    headings.map((heading) => [heading, field] as const),
  ),
);

/** The field that a heading means; undefined where it means none. */
export function fieldOfHeading(heading: string): string | undefined {
  return FIELD_OF.get(plain(heading));
}

export function plain(heading: string): string {
  return heading.toLowerCase().replace(/[^\p{L}\p{M}\p{N}]/gu, '');
}

const VALUES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  sex: { m: 'male', man: 'male', boy: 'male', f: 'female', woman: 'female', girl: 'female' },
  status: {
    sought: 'information_sought',
    missing: 'believed_missing',
    alive: 'believed_alive',
    found: 'believed_alive',
    safe: 'believed_alive',
    dead: 'believed_dead',
    deceased: 'believed_dead',
  },
};

/** What people write for a value of PFIF; everything else stays as it is. */
export function valueOf(field: string, text: string): string {
  const value = text.trim();
  if (field === 'date_of_birth') return /^[\d/]+$/.test(value) ? value.replaceAll('/', '-') : value;
  const known = VALUES[field];
  const word = value.toLowerCase();
  return known !== undefined && Object.hasOwn(known, word) ? (known[word] ?? value) : value;
}

const LOCAL_TIME = /^(\d{4})[/-](\d{1,2})[/-](\d{1,2})(?:[ T]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?$/;
const HOUR_MS = 60 * 60 * 1000;

/** A local time such as `2013/2/26 9:10` in UTC, as PFIF wants it. What is none stays as it is, and is refused by its rule. */
export function utcOf(text: string, offsetHours: number): string {
  const found = LOCAL_TIME.exec(text.trim());
  if (found === null) return text.trim();
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = found
    .slice(1)
    .map((part: string | undefined) => Number(part ?? 0));
  const utc = Date.UTC(year, month - 1, day, hour, minute, second);
  // A day that there is not must not become one that there is.
  if (new Date(utc).getUTCDate() !== day || new Date(utc).getUTCMonth() + 1 !== month) return text.trim();
  return `${new Date(utc - offsetHours * HOUR_MS).toISOString().slice(0, 19)}Z`;
}
