/*
 * Three replicas of a room: elections, one change of the roster (2 goes), crashes, lost messages. Exhaustively checked
 * by Spin, see room-model.test.ts. An exchange of two replicas is one step; which happens when is open, and that it
 * never happens is open, too. Disks keep term, vote and log; all else is gone with a crash.
 *
 * Terms go up to TERMS and logs up to PLACES: the smallest room in which a host of a first term leaves something
 * behind, one of a second term overwrites it, and a third one comes back (Ongaro 2014, figure 3.7).
 */
#define N 3
#ifndef TERMS
#define TERMS 3
#endif
#define PLACES 4
#define NOBODY 7

/* An entry is its term, plus CHANGE when it takes replica 2 out. */
#define CHANGE 8
#define TERM_OF(e) ((e) & 7)

byte term[N];
byte vote[N] = NOBODY;
byte log[12];              /* N times PLACES */
byte size[N];
byte commit[N];
bool hosts[N];
bool stands[N];
byte votes[N];             /* a bit for each who voted for it */
byte match[9];             /* of host and peer */

byte confirmed[PLACES];    /* what was ever confirmed, by place … */
byte since[PLACES];        /* … and by the host of which term, first */
byte hostOf[TERMS + 1] = NOBODY;

#define AT(n, i) log[(n) * PLACES + (i)]
#define MATCH(h, p) match[(h) * N + (p)]

/* The newest roster in a log counts, agreed on or not. */
inline isSmall(n, answer) {
  answer = false; k = 0;
  do
  :: k < size[n] -> if :: AT(n, k) >= CHANGE -> answer = true :: else fi; k++
  :: else -> break
  od
}

#ifdef HALF_IS_ENOUGH
#define NEEDED 1
#else
#define NEEDED 2
#endif

inline countVotes(n, answer) {
  isSmall(n, small);
  answer = (votes[n] & 1) + ((votes[n] >> 1) & 1);
  if :: !small -> answer = answer + ((votes[n] >> 2) & 1) :: else fi
}

inline lastTerm(n, answer) {
  if :: size[n] > 0 -> answer = TERM_OF(AT(n, size[n] - 1)) :: else -> answer = 0 fi
}

inline learn(n, newer) {
  if
  :: newer > term[n] -> term[n] = newer; vote[n] = NOBODY; hosts[n] = false; stands[n] = false; votes[n] = 0
  :: else
  fi
}

inline stand(n) {
  term[n] = term[n] + 1; vote[n] = n; votes[n] = 1 << n; stands[n] = true; hosts[n] = false
}

inline askVote(c, v) {
  learn(v, term[c]);
  lastTerm(c, mine); lastTerm(v, theirs);
  if
#ifdef ANY_LOG_WINS
  :: term[v] == term[c] && (vote[v] == NOBODY || vote[v] == c) ->
#else
  :: term[v] == term[c] && (vote[v] == NOBODY || vote[v] == c) &&
     (mine > theirs || (mine == theirs && size[c] >= size[v])) ->
#endif
       vote[v] = c; votes[c] = votes[c] | (1 << v)
  :: else
  fi
}

inline beHost(c) {
  countVotes(c, count);
  if
  :: count >= NEEDED && size[c] < PLACES ->
       assert(hostOf[term[c]] == NOBODY || hostOf[term[c]] == c);
       hostOf[term[c]] = c;
       /* It has all that was confirmed by hosts of earlier terms; one that is elected late, of an old term, may not. */
       k = 0;
       do
       :: k < PLACES && confirmed[k] != 0 ->
            assert(since[k] >= term[c] || (k < size[c] && AT(c, k) == confirmed[k]));
            k++
       :: else -> break
       od;
       hosts[c] = true; stands[c] = false; votes[c] = 0;
       AT(c, size[c]) = term[c]; size[c] = size[c] + 1;
       k = 0; do :: k < N -> MATCH(c, k) = 0; k++ :: else -> break od;
       MATCH(c, c) = size[c]
  :: else
  fi
}

/* Only after an entry of its term is confirmed, and only one. */
inline change(h) {
  isSmall(h, small);
  if
  :: !small && size[h] < PLACES && commit[h] > 0 && TERM_OF(AT(h, commit[h] - 1)) == term[h] ->
       AT(h, size[h]) = term[h] + CHANGE; size[h] = size[h] + 1; MATCH(h, h) = size[h]
  :: else
  fi
}

/* One entry at most comes with each message; a conflict cuts off. */
inline replicate(h, p) {
  learn(p, term[h]);
  if
  :: term[p] == term[h] ->
       stands[p] = false; votes[p] = 0;
       /* Where they agree. */
       k = 0;
       do
       :: k < size[p] && k < size[h] && AT(p, k) == AT(h, k) -> k++
       :: else -> break
       od;
       if
       :: k < size[h] ->
            assert(k >= commit[p]);
            /* What is there no more is nothing: states that differ by it alone are one. */
            i = k; do :: i < size[p] -> AT(p, i) = 0; i++ :: else -> break od;
            AT(p, k) = AT(h, k); size[p] = k + 1
       :: else
       fi;
       MATCH(h, p) = (k < size[h] -> k + 1 : size[h]);
       if :: commit[h] < MATCH(h, p) -> i = commit[h] :: else -> i = MATCH(h, p) fi;
       if :: i > commit[p] -> commit[p] = i :: else fi
  :: else
  fi
}

inline confirm(h) {
  isSmall(h, small);
  i = commit[h];
  do
  :: i < size[h] ->
       count = (MATCH(h, 0) > i -> 1 : 0) + (MATCH(h, 1) > i -> 1 : 0);
       if :: !small && MATCH(h, 2) > i -> count++ :: else fi;
#ifdef OLD_TERMS_COUNT
       if :: count >= NEEDED -> commit[h] = i + 1 :: else fi;
#else
       if :: count >= NEEDED && TERM_OF(AT(h, i)) == term[h] -> commit[h] = i + 1 :: else fi;
#endif
       i++
  :: else -> break
  od;
  k = 0;
  do
  :: k < commit[h] ->
       assert(confirmed[k] == 0 || confirmed[k] == AT(h, k));
       if :: confirmed[k] == 0 -> since[k] = term[h] :: else fi;
       confirmed[k] = AT(h, k); k++
  :: else -> break
  od
}

inline crash(n) {
  hosts[n] = false; stands[n] = false; votes[n] = 0; commit[n] = 0;
  k = 0; do :: k < N -> MATCH(n, k) = 0; k++ :: else -> break od
}

init {
  byte a, b, k, i, count, mine, theirs;
  bool small;
  do
  :: atomic {
       select(a : 0 .. 2); select(b : 0 .. 2);
       if
       :: a == b && term[a] < TERMS && !hosts[a] -> stand(a)
       :: a == b && stands[a] -> beHost(a)
       :: a == b && hosts[a] -> change(a)
       :: a == b && hosts[a] -> confirm(a)
       :: a == b && (hosts[a] || stands[a]) -> crash(a)
       :: a != b && stands[a] -> askVote(a, b)
       :: a != b && hosts[a] -> replicate(a, b)
       :: else -> skip
       fi;
       a = 0; b = 0; k = 0; i = 0; count = 0; mine = 0; theirs = 0; small = false
     }
  od
}
