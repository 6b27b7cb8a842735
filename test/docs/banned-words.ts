/**
 * The words that calve's texts avoid, each with the plain word to use. `docs/contributing.md` explains the rules.
 *
 * A `phrase` is the source of a regular expression. It matches whole words, in any case; a space matches any white
 * space, a line end included. Code in backticks, quotations and identifiers are not searched.
 */
export interface BannedPhrase {
  readonly phrase: string;
  /** The plain words to use instead. */
  readonly use: string;
}

export const BANNED_PHRASES: readonly BannedPhrase[] = [
  { phrase: 'anew|afresh', use: 'again' },
  { phrase: 'lest', use: 'unless; so that … not' },
  { phrase: 'foretold', use: 'expected; estimated' },
  { phrase: 'foretell(s|ing)?', use: 'estimate' },
  { phrase: 'mend(s|ed|ing)?', use: 'fix' },
  { phrase: 'needless(ly)?', use: 'unnecessary' },
  { phrase: 'begun', use: 'started; created (an upload)' },
  {
    phrase:
      '(begins?|began|beginning) ((an?|the|this|that|another|no other|each|every|its?|one|new|of) ){0,2}uploads?',
    use: 'create an upload',
  },
  { phrase: 'uploads? (begins?|began)', use: 'an upload is created; an upload starts' },
  { phrase: '(before|after|with|until) begin|begin (was|is|had|has|needs|must|may)', use: 'create' },
  { phrase: 'told', use: 'reported; printed; given' },
  { phrase: 'tell(s|ing)? of', use: 'report' },
  { phrase: '(?<!there )(is|are|was|were) none(?! of)', use: 'is not a …; there is no …' },
  { phrase: 'under our hands', use: 'during this run' },
  { phrase: 'weather', use: 'a transient failure' },
  { phrase: 'hearsay', use: 'not confirmed' },
  { phrase: 'vouch(es|ed|ing)?', use: 'confirm; record' },
  { phrase: 'drop(s|ped|ping)? ((an?|the|this|that|another|its|any|all) )?uploads?', use: 'abort an upload' },
  { phrase: 'uploads? (is|are|was|were|be|been) dropped', use: 'is aborted; has expired' },
  { phrase: 'carr(y|ies|ied|ying)(?! (over|out))', use: 'contain; have; send' },
  { phrase: '(is|are|was|were|be|been) said', use: 'is reported' },
  { phrase: 'gone on with', use: 'continue' },
  { phrase: 'c(o|a)mes? to nothing|coming to nothing', use: 'fail' },
  { phrase: 'to be had', use: 'available' },
  { phrase: 'for ever', use: 'forever' },
  { phrase: '(?<!(have|has|had|is|are|with|be) )no more(?=[.,;:)]|$)', use: 'no longer' },
  { phrase: 'all the while', use: 'meanwhile; throughout' },
  { phrase: 'whilst', use: 'while' },
  { phrase: 'amongst', use: 'among' },
  { phrase: 'shall', use: 'must; will' },
  { phrase: 'ought', use: 'should' },
  { phrase: 'naught|nought', use: 'nothing; zero' },
  { phrase: 'albeit', use: 'although' },
  { phrase: 'hence|thence|thereof|therein|whereby|wherein|herein', use: 'so; from there; by which; in it' },
  { phrase: 'hitherto|heretofore', use: 'until now' },
  { phrase: 'henceforth', use: 'from now on' },
  { phrase: 'seldom', use: 'rarely' },
];

/** The words that no comment and no help text begins with, unless it is a question, and how to begin instead. */
export const FRAGMENT_OPENINGS: Readonly<Record<string, string>> = {
  what: 'the noun itself: "The parts that …"',
  whether: '"True if …", "Returns true if …", "Checks whether …"',
  how: 'the noun itself: "The time that …", "The number of …"',
  of: 'the subject of the sentence, or "For"',
  where: '"If …", "The folder that …"',
};

/** Words that somebody else wrote, for example a message of the service: they stay as they are. */
export interface Quotation {
  /** The end of the file's path. */
  readonly file: string;
  readonly phrase: string;
  readonly why: string;
}

export const QUOTATIONS: readonly Quotation[] = [];
