import type { LimitName } from '../../domain/rate-limit.js';
import type { StaffAct } from '../../domain/staff.js';

/** Why a password was not accepted. */
export type SignInFailure =
  | 'unknown_user'
  | 'wrong_password'
  /** The right password of a deactivated user. */
  | 'inactive'
  | `throttled_${LimitName}`
  | 'overloaded';

/** Who has ended a session, changed a password or deleted an account. */
type Cause = 'logout' | 'all' | 'limit' | 'password' | 'operator' | 'user' | 'link' | 'staff';

/**
 * What has happened that an operator wants to find, count or be warned of. Names and fields are stable: filters and alerts
 * depend on them (docs/operations.md). `address` is the client's IP address, or `unknown` if it has left. No field holds
 * a password, a token or a key; `username` is what a client sent as a user name, which may be a password in the wrong
 * field.
 */
export type AppEvent =
  /** A password was not accepted, at sign-in or before a change of the account. `username` is cut to 150 code units. */
  | {
      readonly event: 'sign_in_failed';
      readonly address: string;
      readonly username: string;
      readonly reason: SignInFailure;
    }
  | {
      readonly event: 'session_opened';
      readonly address: string;
      readonly userId: number;
      readonly sessionId: string;
    }
  /** A token of the replaced backend has become a session. */
  | { readonly event: 'session_adopted'; readonly userId: number; readonly sessionId: string }
  | { readonly event: 'token_refreshed'; readonly userId: number }
  /** The session of the token has ended with this. */
  | {
      readonly event: 'refresh_token_reused';
      readonly address: string;
      readonly userId: number;
      readonly sessionId: string;
    }
  | {
      readonly event: 'session_ended';
      readonly userId: number;
      /**
       * Undefined if it is not one session alone: the least recently used ones (`limit`), all others (`password`), or all
       * that the user had.
       */
      readonly sessionId?: string;
      readonly by: Extract<Cause, 'logout' | 'all' | 'limit' | 'password' | 'operator' | 'staff'>;
    }
  | {
      readonly event: 'password_changed';
      readonly userId: number;
      readonly by: Extract<Cause, 'user' | 'operator' | 'link'>;
    }
  | {
      readonly event: 'account_deleted';
      readonly userId: number;
      readonly by: Extract<Cause, 'user' | 'operator' | 'staff'>;
    }
  | { readonly event: 'user_registered'; readonly address: string; readonly userId: number }
  /** A limit has rejected an attempt other than a sign-in, whose `sign_in_failed` names the limit itself. */
  | { readonly event: 'throttled'; readonly address: string; readonly limit: LimitName }
  | { readonly event: 'keys_reread'; readonly keys: readonly (string | null)[] }
  /** A member of staff, `userId`, has done this to the account with the id `subject`. */
  | {
      readonly event: 'staff_act';
      readonly address: string;
      readonly userId: number;
      readonly act: StaffAct;
      readonly subject: number;
    }
  | {
      readonly event: 'operator_act';
      /** The user of the operating system. */
      readonly operator: string;
      /** The words of the command, such as `user set-password`; with `--staff` where that gave the right of staff. */
      readonly act: string;
      /** Whom or what it was done to: a user name, a file, an address. */
      readonly subject?: string;
    };

/** Takes note of an event. Returns at once and never throws. */
export type ReportEvent = (event: AppEvent) => void;
