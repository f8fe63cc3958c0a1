// Package functionurl is a Lambda Function URL on one machine: an [http.Handler] that makes of
// each request an event in payload format 2.0, invokes the function with it, and makes of what
// the function returns a response.
//
//	request ──▶ size, signature, CORS ──▶ event ──▶ Invoke        ──▶ response, whole
//	              413     403                         InvokeStream ──▶ response, piece by piece
//
// What it guarantees, so that a test which passes here does not fail on AWS:
//
//   - A streamed piece leaves as soon as the function has written it.
//   - The function is not told of a client that leaves: it runs on until it returns.
//   - A function that fails before its answer is 502; one that fails in the middle of it cuts the
//     connection, so that nobody takes half an answer for a whole one.
//   - A throttled function is 429.
//   - Headers that Lambda renames (Content-Length, Date …) are renamed.
//
// What differs, knowingly: signatures are checked in form alone, and bandwidth is not limited.
//
// The contract followed is https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html and
// https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html.
package functionurl
