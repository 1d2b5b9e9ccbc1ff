import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';

const compose = readFileSync('docker-compose.yml', 'utf8');
const example = readFileSync('deploy/example.env', 'utf8');
const dockerfile = readFileSync('deploy/Dockerfile', 'utf8');

/** Variable → what the example gives it. */
const given = new Map(
  example
    .split('\n')
    .flatMap((line) => (/^[A-Z]/.test(line) ? [line.split(/=(.*)/)] : []))
    .map(([name = '', value = '']) => [name, value]),
);

describe('deploy/example.env', () => {
  it('names what docker-compose.yml fills in, all of it and nothing else', () => {
    const filledIn = new Set([...compose.matchAll(/\$\{([A-Z_]+)/g)].map(([, name = '']) => name));
    expect([...given.keys()].sort()).toEqual([...filledIn].sort());
  });

  it('holds no secret', () => {
    const secrets = [...given].filter(([name]) => /PASSWORD|SECRET|TOKEN|KEY$/.test(name));
    expect(secrets.length).toBeGreaterThan(0);
    expect(secrets.filter(([, value]) => value !== '')).toEqual([]);
  });

  it('says what every secret file of docker-compose.yml is', () => {
    const files = [...compose.matchAll(/file: secrets\/(\S+)/g)].map(([, name = '']) => name);
    expect(files.length).toBeGreaterThan(0);
    expect(files.filter((name) => !new RegExp(`^#   ${name.replace('.', '\\.')} `, 'm').test(example))).toEqual([]);
  });
});

describe('deploy/Dockerfile', () => {
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, from = '']) => from.split(' '));

  it('copies what is there', () => {
    expect(copied).toContain('package-lock.json');
    expect(copied.filter((path) => !existsSync(path))).toEqual([]);
  });

  it('copies every folder that the build compiles', () => {
    const included = /"include": \[(.+)\]/.exec(readFileSync('tsconfig.json', 'utf8'))?.[1] ?? '';
    const folders = [...included.matchAll(/"([^"]+)"/g)].map(([, folder = '']) => folder);
    expect(folders).toContain('workflows');
    expect(folders.filter((folder) => !copied.includes(folder))).toEqual([]);
  });

  it('brings no sandbox into the image that runs', () => {
    const last = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '));
    expect(last).not.toMatch(/sandbox/);
    expect(dockerfile).toMatch(/npm ci --omit=dev --workspace client --include-workspace-root/);
  });

  it('owns the folders that volumes are laid over', () => {
    const mounted = [...compose.matchAll(/volumes: \[(?:signer|keyring):(\/\w+)\]/g)].map(([, path = '']) => path);
    expect(new Set(mounted)).toEqual(new Set(['/state', '/keyring']));
    expect([...new Set(mounted)].filter((path) => !new RegExp(`install .*${path}\\b`).test(dockerfile))).toEqual([]);
  });
});
