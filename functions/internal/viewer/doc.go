// Package viewer decides what an account does not want to see of a status, and which of its
// filters the status matches, as Mastodon's streaming server does.
//
// A status is read once (ReadStatus) and judged for every viewer who listens: blocks, mutes,
// domains and languages are look-ups, filters are searches in a text whose case has been folded
// for all of them. A Viewer is compiled once and then shared; a Cache keeps those that a
// publisher needs. Most accounts filter nothing: their version is empty, and nobody is read or
// judged for them.
//
// # Filters
//
// Searched are the content warning, the content, the poll's options and the descriptions of the
// media, and the same of the status that a boost carries, as text without HTML. A filter shows
// the first of its keywords that stands in the text, without regard to case (Unicode's simple
// folding), spelled as the text spells it. A whole word is bounded as in JavaScript, at whose \b
// ASCII letters, digits and _ meet others: an end of a keyword that is no such character is not
// bounded at all, so that a whole word in Cyrillic or Chinese matches anywhere. What is compared
// is code points: é as one and as two are different.
//
// In which contexts a filter applies, and whether it warns or hides, the client decides.
//
// https://docs.joinmastodon.org/entities/FilterResult/
package viewer
