const MOST = 100;

/** A text that somebody wrote, cut to what belongs into a message. */
export const brief = (text: string): string => (text.length <= MOST ? text : `${text.slice(0, MOST)}…`);
