import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { variablesTable } from '../../../tools/docs-variables.js';

const pages = readdirSync('docs', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.md'))
  .map((name) => join('docs', name));
const textOf = (page: string) => readFileSync(page, 'utf8');

describe('docs/operating.md', () => {
  it('has the variables that the code reads: else run npm run docs', () => {
    const cells = (text: string) => text.replaceAll(/ +/g, ' ').replaceAll(/-{3,}/g, '---');
    expect(cells(textOf('docs/operating.md'))).toContain(cells(variablesTable()));
  });
});

describe('the docs', () => {
  const links = [...pages, 'bench/README.md'].flatMap((page) =>
    [...textOf(page).matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g)].map(([, to = '']) => ({ page, to })),
  );

  it('link to files that exist', () => {
    expect(links.length).toBeGreaterThan(0);
    expect(links.filter(({ page, to }) => !existsSync(join(dirname(page), to)))).toEqual([]);
  });

  it('name paths of the project that exist', () => {
    const rooms = 'src|test|workflows|activities|worker|migrations|policies|deploy|tools|bench';
    const named = pages.flatMap((page) =>
      [...textOf(page).matchAll(new RegExp(`\`((?:${rooms})/[\\w./-]*)\``, 'g'))].map(([, path = '']) => ({
        page,
        path,
      })),
    );
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter(({ path }) => !existsSync(path))).toEqual([]);
  });
});
