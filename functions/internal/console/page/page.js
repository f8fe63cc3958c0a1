// What all of the page's parts use.

export const $ = (id) => document.getElementById(id);
export const make = (tag, text = '', className = '') => Object.assign(document.createElement(tag), {textContent: text, className});
export const say = (text) => { $('said').textContent = text; };
export const token = () => $('token').value.trim();
export const words = (text) => text.split(/[\s,]+/).filter(Boolean);

/** A small button whose name says what it is for. */
export function button(text, name, onclick) {
  const made = Object.assign(make('button', text, 'small'), {type: 'button', onclick});
  made.setAttribute('aria-label', name);
  return made;
}

/** Calls the console's API; false if it was refused, which is then said. */
export async function call(method, path, body, bearer = token()) {
  try {
    const answer = await fetch(path, {
      method, headers: {Authorization: `Bearer ${bearer}`}, body: body && JSON.stringify(body),
    });
    if (answer.status === 204) {
      return true;
    }
    const said = await answer.json();
    if (answer.ok) {
      return said;
    }
    say(said.error);
  } catch (error) {
    say(`No answer: ${error.message}`);
  }
  return false;
}
