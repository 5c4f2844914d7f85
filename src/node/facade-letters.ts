/** What the API needs of a node for letters. See `facade.ts` for what holds of every call. */
import type { Role } from '../identity/roles.ts';

/** ISO 8601 in UTC. */
type IsoTime = string;

/** `saved`: on this disk. `carried`: on others' disks too. `arrived`, `read`: the recipient's device signed that it is so. */
export type LetterStatus = 'saved' | 'carried' | 'arrived' | 'read' | 'expired';

export interface LetterRecipient {
  readonly member: number;
  readonly name: string;
  readonly status: LetterStatus;
  /** Since when it is so, as who said it claims. */
  readonly at: IsoTime;
}

export interface LetterDetail {
  /** 32 hex digits, the same at both ends. */
  readonly id: string;
  readonly direction: 'sent' | 'received';
  /** To several: what is proven for all of them. */
  readonly status: LetterStatus;
  /** Peer numbers of those who said, after it was on disk there, that they carry it; known of letters that one sent. */
  readonly carriers: readonly number[];
  readonly recipients: readonly LetterRecipient[];
  readonly from: number;
  readonly fromName: string;
  readonly text: string;
  /** As the sender claims. */
  readonly sentAt: IsoTime;
  readonly arrivedAt: IsoTime | null;
  readonly read: boolean;
  readonly expires: IsoTime;
}

export interface InboxLetter {
  readonly id: string;
  readonly from: number;
  readonly fromName: string;
  readonly text: string;
  readonly sentAt: IsoTime;
  readonly arrivedAt: IsoTime;
  readonly read: boolean;
}

export interface InboxPage {
  /** Oldest first. */
  readonly letters: readonly InboxLetter[];
  /** For the next call's `before`; null when nothing older fits. */
  readonly before: string | null;
  /** For the next call's `after`: what arrives from now on. */
  readonly after: string;
  /** In the whole inbox. */
  readonly unread: number;
}

export interface SentPage {
  /** The newest first. */
  readonly letters: readonly LetterDetail[];
  /** For the next call's `before`; null when there are no older ones. */
  readonly before: string | null;
}

export interface LettersFacade {
  /**
   * On disk when it resolves. To all, a role and an organisation: who is in now and can receive letters, but oneself.
   * @param request.lastsMs undefined: thirty days.
   * @throws KithError `unknown-member` | `ambiguous` | `unknown-org` | `no-recipients` | `own-letter` |
   *   `receives-no-letters` | `empty-letter` | `too-large` | `bad-expiry` | `outbox-full` | `role-writes-nothing` |
   *   `not-a-member`.
   */
  send(request: {
    readonly to: readonly string[];
    readonly all: boolean;
    readonly role: Role | undefined;
    readonly org: string | undefined;
    readonly text: string;
    readonly lastsMs: number | undefined;
  }): Promise<{ readonly id: string; readonly status: LetterStatus }>;
  /** Marks nothing. @param id the whole id, or a beginning that fits one alone. @throws KithError `unknown-letter` | `ambiguous`. */
  show(id: string): Promise<LetterDetail>;
  /** What was sent from here. @param query.before the id of a letter: what was sent before it. @throws KithError `bad-cursor`. */
  sent(query: { readonly limit: number; readonly before: string | undefined }): Promise<SentPage>;
  /** Marks nothing. @param query.search text in it, or the sender's name, whatever its case. @throws KithError `bad-cursor`. */
  inbox(query: {
    readonly unread: boolean;
    readonly since: IsoTime | undefined;
    readonly until: IsoTime | undefined;
    readonly search: string | undefined;
    readonly limit: number;
    readonly before: string | undefined;
    readonly after: string | undefined;
  }): Promise<InboxPage>;
  /** Marks letters as read, and tells their senders unless that is switched off. @throws KithError `unknown-letter` | `ambiguous`. */
  markRead(ids: readonly string[]): Promise<{ readonly marked: number }>;
  settings(): Promise<MailSettings>;
  change(settings: MailSettings): Promise<MailSettings>;
}

export interface MailSettings {
  /** Are senders told that their letters were read? */
  readonly readReceipts: boolean;
}
