// Why the program stops: with one line on stderr, and no stack trace. All else that is thrown is a bug.

/** For whoever called the program; see its exit codes. */
export class Failure extends Error {
  /** 2: it was called wrongly, or a file could not be read or written; 130: somebody stopped it. */
  readonly exitCode: number;

  constructor(message: string, exitCode = 2) {
    super(message);
    this.name = 'Failure';
    this.exitCode = exitCode;
  }
}

/** What the system says of a file, in words. */
export function fileFailure(action: string, path: string, error: unknown): Failure {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (typeof code !== 'string') throw error;
  return new Failure(`cannot ${action} ${printable(path)}: ${words[code] ?? code}`);
}

const words: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EEXIST: 'it exists already; --force replaces it',
  EISDIR: 'it is a folder',
  ENOENT: 'no such file or folder',
  ENOSPC: 'no space left',
  ENOTDIR: 'a part of the path is no folder',
  EPERM: 'not permitted',
  EROFS: 'the file system is read-only',
};

/** Text of files and arguments, on one line and harmless to a terminal. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Surrogate}]/gu, '\u{fffd}');
}
