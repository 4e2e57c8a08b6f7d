// Results as a file to keep: four digits, and what fits on a line is one, as the formatter has it.

const WIDTH = 110;

/** @param {unknown} value */
export function jsonText(value) {
  return `${write(value, '', 0)}\n`;
}

/** @param {unknown} value @param {string} indent @param {number} used columns before it @returns {string} */
function write(value, indent, used) {
  if (typeof value === 'number')
    return String(Number.isInteger(value) ? value : Number(value.toPrecision(4)));
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const list = Array.isArray(value);
  const deeper = `${indent}  `;
  const parts = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .map(([key, item]) => {
      const name = list ? '' : `${JSON.stringify(key)}: `;
      return name + write(item, deeper, deeper.length + name.length);
    });
  const line = list ? `[${parts.join(', ')}]` : `{ ${parts.join(', ')} }`;
  const small = !(list && typeof value[0] === 'object') && !line.includes('\n');
  if (small && used + line.length < WIDTH) return line;
  const [begin, end] = list ? '[]' : '{}';
  return `${begin}\n${parts.map((part) => deeper + part).join(',\n')}\n${indent}${end}`;
}
