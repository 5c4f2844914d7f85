/**
 * The one page of the public desk: style, words and script in it, nothing from elsewhere. It is for the browser of a
 * five-year-old phone: ES2017, no framework. What people wrote is only ever set as text, never as markup.
 *
 * Offline it shows what was found on this phone within a day. Where the browser allows it (a secure origin), a service
 * worker keeps the page itself.
 */

export const STYLE = `
:root{color-scheme:light dark;--line:#8886;--soft:#7779}
*{box-sizing:border-box}
body{margin:0 auto;max-width:40rem;padding:1rem;font:1.05rem/1.5 system-ui,"Noto Sans","Noto Sans Myanmar","Padauk",sans-serif}
h1{font-size:1.3rem;margin:0 0 .25rem}
p{margin:.5rem 0}
form{display:flex;gap:.5rem;margin:1rem 0}
input{flex:1;min-width:0;font:inherit;padding:.6rem;border:1px solid var(--line);border-radius:.4rem;background:Field;color:FieldText}
button{font:inherit;padding:.6rem 1rem;border:1px solid var(--line);border-radius:.4rem;background:ButtonFace;color:ButtonText}
ul{list-style:none;margin:0;padding:0}
li{border-block-start:1px solid var(--line);padding-block:.6rem}
li button{display:block;width:100%;border:0;padding:0;background:none;color:inherit;text-align:start}
.name{font-weight:600;font-size:1.15rem;unicode-bidi:plaintext}
.facts,.note{color:GrayText;unicode-bidi:plaintext}
.status{font-weight:600}
.note{border-inline-start:3px solid var(--line);padding-inline-start:.6rem;margin-block:.4rem}
#say{min-height:1.5rem}
footer{margin-block-start:2rem;font-size:.9rem}
[hidden]{display:none}
`;

/** Keys of `W` are what the script asks for; each language has all of them. */
export const SCRIPT = `
'use strict';
(function () {
  var W = {
    en: {
      title: 'Looking for somebody?', hint: 'Type the name as you know it, in any writing.', label: 'Name', search: 'Search',
      wait: 'Searching …', none: 'Nobody of that name is known here yet. Try another spelling, or part of the name. New names come in all the time.',
      found: 'Found:', short: 'Type a name, or part of one.', often: 'Too many questions at once. Try again in a few seconds.',
      away: 'The desk cannot be reached. Are you still on its Wi-Fi?', kept: 'Found earlier on this phone:',
      broken: 'Something went wrong at the desk. Try again.', notes: 'What was said:', noNotes: 'Nothing more is known here.',
      about: 'Only what everybody may know is shown here: no exact ages, no addresses. To know or say more, speak to somebody of the team.',
      forget: 'Forget what was found on this phone', forgotten: 'Forgotten.', asOf: 'As of', age: 'age', from: 'from', female: 'female', male: 'male', other: 'other',
      information_sought: 'being looked for', is_note_author: 'has written here', believed_alive: 'said to be alive', believed_missing: 'said to be missing'
    },
    ar: {
      title: 'هل تبحث عن شخص؟', hint: 'اكتب الاسم كما تعرفه، بأي كتابة.', label: 'الاسم', search: 'بحث',
      wait: 'جارٍ البحث …', none: 'لا أحد بهذا الاسم معروف هنا حتى الآن. جرّب كتابة أخرى أو جزءًا من الاسم. تصل أسماء جديدة باستمرار.',
      found: 'النتائج:', short: 'اكتب اسمًا أو جزءًا منه.', often: 'أسئلة كثيرة دفعة واحدة. حاول مرة أخرى بعد بضع ثوانٍ.',
      away: 'لا يمكن الوصول إلى المكتب. هل ما زلت متصلاً بشبكته؟', kept: 'ما عُثر عليه سابقًا على هذا الهاتف:',
      broken: 'حدث خطأ في المكتب. حاول مرة أخرى.', notes: 'ما قيل:', noNotes: 'لا يُعرف المزيد هنا.',
      about: 'لا يُعرض هنا إلا ما يجوز للجميع معرفته: لا أعمار دقيقة ولا عناوين. لمعرفة المزيد أو قوله، تحدث إلى أحد أفراد الفريق.',
      forget: 'انسَ ما عُثر عليه على هذا الهاتف', forgotten: 'تم النسيان.', asOf: 'حتى', age: 'العمر', from: 'من', female: 'أنثى', male: 'ذكر', other: 'آخر',
      information_sought: 'يجري البحث عنه', is_note_author: 'كتب هنا', believed_alive: 'يُقال إنه حي', believed_missing: 'يُقال إنه مفقود'
    }
  };
  var KEEP_MS = 24 * 3600 * 1000, KEEP = 60, KEY = 'kith-desk';
  var language = (navigator.languages || [navigator.language || 'en']).map(function (l) { return String(l).slice(0, 2); })
    .filter(function (l) { return W[l]; })[0] || 'en';
  var w = W[language];
  document.documentElement.lang = language;
  document.documentElement.dir = language === 'ar' ? 'rtl' : 'ltr';
  document.querySelectorAll('[data-w]').forEach(function (node) { node.textContent = w[node.dataset.w]; });
  var byId = function (id) { return document.getElementById(id); };
  var input = byId('name'), say = byId('say'), list = byId('list'), asked = 0;
  input.setAttribute('aria-label', w.label);
  input.placeholder = w.label;

  function kept() {
    try {
      return JSON.parse(localStorage.getItem(KEY) || '[]').filter(function (one) { return one.at > Date.now() - KEEP_MS; });
    } catch (error) { return []; }
  }
  function keep(people) {
    var ids = people.map(function (one) { return one.id; });
    var news = people.map(function (one) { return { at: Date.now(), person: one }; });
    var rest = kept().filter(function (one) { return ids.indexOf(one.person.id) < 0; });
    try { localStorage.setItem(KEY, JSON.stringify(news.concat(rest).slice(0, KEEP))); } catch (error) { /* full, or not allowed */ }
  }
  function element(tag, className, text) {
    var node = document.createElement(tag);
    if (className) node.className = className;
    if (text !== undefined) { node.textContent = text; node.dir = 'auto'; }
    return node;
  }
  function nameOf(fields) {
    return fields.full_name || [fields.given_name, fields.family_name].filter(Boolean).join(' ') || '…';
  }
  /* Between words that run from right to left, a date and a span would be turned round. */
  function apart(text) { return text && '\\u2066' + text + '\\u2069'; }
  function asOf(time) { return time ? ' ' + w.asOf + ' ' + apart(new Date(time).toLocaleString(language)) : ''; }
  function factsOf(fields) {
    return [
      w[fields.sex] || '', fields.age ? w.age + ' ' + apart(fields.age) : '',
      [fields.home_state, fields.home_country].filter(Boolean).join(', '),
      (fields.alternate_names || '').split('\\n').filter(Boolean).join(' / '),
      fields.source_name ? w.from + ' ' + fields.source_name : '', apart((fields.source_date || '').slice(0, 10))
    ].filter(Boolean).join(' · ');
  }
  function row(person) {
    var item = element('li'), button = element('button'), more = element('div');
    button.type = 'button';
    button.setAttribute('aria-expanded', 'false');
    more.hidden = true;
    button.appendChild(element('div', 'name', nameOf(person.fields)));
    if (w[person.status]) button.appendChild(element('div', 'status', w[person.status]));
    button.appendChild(element('div', 'facts', factsOf(person.fields)));
    button.addEventListener('click', function () { open(person, button, more); });
    item.appendChild(button);
    item.appendChild(more);
    return item;
  }
  function open(person, button, more) {
    more.hidden = !more.hidden;
    button.setAttribute('aria-expanded', String(!more.hidden));
    if (more.hidden || more.firstChild) return;
    ask('people/one?id=' + encodeURIComponent(person.id)).then(function (told) {
      more.textContent = '';
      more.appendChild(element('div', '', told.notes.length ? w.notes : w.noNotes));
      told.notes.forEach(function (note) {
        more.appendChild(element('div', 'note', [w[note.fields.status] || '', factsOf(note.fields)].filter(Boolean).join(' · ')));
      });
    }, function (error) { more.textContent = error.words; });
  }
  function show(people, words) {
    list.textContent = '';
    say.textContent = words;
    people.forEach(function (person) { list.appendChild(row(person)); });
  }
  function failure(words, away) {
    var error = new Error(words);
    error.words = words;
    error.away = away;
    return error;
  }
  function ask(path) {
    var control = new AbortController();
    var timer = setTimeout(function () { control.abort(); }, 15000);
    return fetch(path, { signal: control.signal, cache: 'no-store' }).then(function (response) {
      clearTimeout(timer);
      if (response.ok) return response.json();
      throw failure(response.status === 429 ? w.often : response.status === 400 ? w.short : w.broken, false);
    }, function () {
      clearTimeout(timer);
      throw failure(w.away, true);
    });
  }
  function remembered(text) {
    var wanted = text.toLowerCase();
    return kept().map(function (one) { return one.person; }).filter(function (person) {
      return [nameOf(person.fields), person.fields.alternate_names || ''].join(' ').toLowerCase().indexOf(wanted) >= 0;
    });
  }
  byId('form').addEventListener('submit', function (event) {
    event.preventDefault();
    var text = input.value.trim(), mine = ++asked;
    if (text.length < 2) return show([], w.short);
    show([], w.wait);
    ask('people/search?name=' + encodeURIComponent(text)).then(function (told) {
      if (mine !== asked) return;
      keep(told.people);
      show(told.people, (told.people.length ? w.found : w.none) + asOf(told.asOf));
    }).catch(function (error) {
      if (mine !== asked) return;
      var earlier = error.away ? remembered(text) : [];
      show(earlier, error.words + (earlier.length ? ' ' + w.kept : ''));
    });
  });
  byId('forget').addEventListener('click', function () {
    try { localStorage.removeItem(KEY); } catch (error) { /* nothing was kept */ }
    show([], w.forgotten);
  });
  if ('serviceWorker' in navigator && window.isSecureContext) navigator.serviceWorker.register('worker.js').catch(function () {});
})();
`;

export const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>kith</title>
<style>${STYLE}</style>
</head>
<body>
<h1 data-w="title">Looking for somebody?</h1>
<p data-w="hint"></p>
<form id="form" role="search">
<input id="name" name="name" type="search" autocomplete="off" autocapitalize="words" spellcheck="false" maxlength="100" dir="auto" required>
<button data-w="search">Search</button>
</form>
<p id="say" role="status" aria-live="polite"></p>
<ul id="list"></ul>
<footer>
<p data-w="about"></p>
<button type="button" id="forget" data-w="forget"></button>
</footer>
<noscript>This page needs JavaScript. Ask somebody of the team to look for you.</noscript>
<script>${SCRIPT}</script>
</body>
</html>
`;

/** Keeps the page for when the desk is out of reach; asks the desk first, so that a newer page is taken. */
export const WORKER = `
'use strict';
var STORE = 'kith-desk-1';
self.addEventListener('install', function (event) {
  event.waitUntil(caches.open(STORE).then(function (store) { return store.add('./'); }).then(function () { return self.skipWaiting(); }));
});
self.addEventListener('activate', function (event) { event.waitUntil(self.clients.claim()); });
self.addEventListener('fetch', function (event) {
  if (event.request.mode !== 'navigate') return;
  event.respondWith(fetch(event.request).then(function (response) {
    if (response.ok) {
      var copy = response.clone();
      event.waitUntil(caches.open(STORE).then(function (store) { return store.put('./', copy); }));
    }
    return response;
  }, function () { return caches.match('./'); }));
});
`;
