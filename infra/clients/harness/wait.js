// Waiting for what must happen, and never for a time.

// deadline is how long anything may take: far more than it does on a busy machine.
export const deadline = 30_000;

// within fails if the promise has not settled by the deadline; say() tells what is missing.
export function within(promise, say) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${deadline / 1000} s for ${say()}`)), deadline);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

// until looks again and again until look() answers with something, at once or later.
export async function until(look, what) {
  const end = Date.now() + deadline;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`waited ${deadline / 1000} s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
