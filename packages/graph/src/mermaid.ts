/** The picture as Mermaid text, for pages that draw it themselves. */
import type { Exit, Language, Machine, Node } from './model.js';
import { LANES } from './model.js';
import { shortened } from './text.js';
import { LANE_NAMES } from './words.js';

const otherwise = { zh: '否则', en: 'otherwise' };

/** @returns a flowchart: lanes as subgraphs, money steps and error paths in classes and styles of their own */
export const mermaidOf = (machine: Machine, options: { readonly language: Language }): string => new Writer(options.language).write(machine);

class Writer {
  readonly #language: Language;
  readonly #lines: string[] = [];
  readonly #ids = new Map<string, string>();
  readonly #errors: number[] = [];
  #links = 0;

  constructor(language: Language) {
    this.#language = language;
  }

  write(machine: Machine): string {
    this.#lines.push('flowchart TD');
    for (const lane of LANES) {
      const nodes = machine.nodes.filter((node) => node.lane === lane);
      if (nodes.length === 0) continue;
      this.#lines.push(`  subgraph ${lane}["${LANE_NAMES[this.#language][lane]}"]`);
      for (const node of nodes) this.#node(node, '    ');
      this.#lines.push('  end');
    }
    this.#start(machine, '  ');
    this.#exits(machine, '  ');
    this.#lines.push('  classDef money fill:#fdf5e6,stroke:#b7791f,stroke-width:3px');
    const money = [...this.#ids].filter(([address]) => this.#money.has(address)).map(([, id]) => id);
    if (money.length > 0) this.#lines.push(`  class ${money.join(',')} money`);
    if (this.#errors.length > 0) this.#lines.push(`  linkStyle ${this.#errors.join(',')} stroke:#b3382c,color:#b3382c`);
    return `${this.#lines.join('\n')}\n`;
  }

  readonly #money = new Set<string>();

  #node(node: Node, indent: string): void {
    // Ids of our own: a state may be called "end", which Mermaid keeps for itself.
    const id = `s${this.#ids.size}`;
    this.#ids.set(node.address, id);
    if (node.money) this.#money.add(node.address);
    if (node.inner.length > 0) {
      this.#lines.push(`${indent}subgraph ${id}["${quoted(node.name)}"]`);
      for (const machine of node.inner) {
        for (const each of machine.nodes) this.#node(each, `${indent}  `);
        this.#exits(machine, `${indent}  `);
      }
      this.#lines.push(`${indent}end`);
      return;
    }
    const text = quoted([node.money ? `¥ ${node.name}` : node.name, node.type === 'Choice' ? '' : shortened(node.tells, 11, 260), node.runs ?? node.resource ?? ''].filter(Boolean).join('\n'));
    const [open, close] = node.type === 'Choice' ? ['{', '}'] : node.type === 'Succeed' || node.type === 'Fail' ? ['([', '])'] : node.runs !== undefined || node.money ? ['[[', ']]'] : ['[', ']'];
    this.#lines.push(`${indent}${id}${open}"${text}"${close}`);
  }

  #start(machine: Machine, indent: string): void {
    const start = machine.nodes.find(({ name }) => name === machine.start);
    if (!start) return;
    this.#lines.push(`${indent}begin((" ")) --> ${this.#ids.get(start.address)}`);
    this.#links += 1;
  }

  #exits(machine: Machine, indent: string): void {
    const ids = new Map(machine.nodes.map((node) => [node.name, this.#ids.get(node.address)]));
    for (const node of machine.nodes) {
      for (const exit of node.exits) {
        const to = ids.get(exit.to);
        if (to === undefined) continue;
        this.#lines.push(`${indent}${ids.get(node.name)} ${this.#arrow(exit)} ${to}`);
        if (exit.kind === 'catch') this.#errors.push(this.#links);
        this.#links += 1;
      }
    }
  }

  #arrow({ kind, label }: Exit): string {
    const text = kind === 'default' ? otherwise[this.#language] : shortened(label, 11, 220);
    if (kind === 'catch') return `-. "${quoted(text)}" .->`;
    return text === '' ? '-->' : `-- "${quoted(text)}" -->`;
  }
}

/** In quotes Mermaid reads entities, and nothing else as its own. */
const quoted = (text: string): string => text.replace(/[&#"<>`]/g, (found) => `#${found.charCodeAt(0)};`).replaceAll('\n', '<br/>');
