import { it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { scan } from '../../../src/phi/scan.js';
import { knownValues } from '../../../src/phi/known.js';
import { decide } from '../../../src/policy/decide.js';
import { testRulebook } from '../../support/rulebook.js';
it('speed', () => {
  const text = readFileSync('../shared/data/asq-phi/dev.txt','utf8').repeat(10).slice(0,1e6);
  const k = knownValues([JSON.parse(readFileSync('../shared/data/fhir/Liz_Conn.json','utf8'))], 'Patient/x');
  let t = performance.now(); scan({text}, k); const mb = performance.now()-t;
  const two = text.slice(0,2000); for(let i=0;i<50;i++) scan({two},k); t=performance.now(); for(let i=0;i<100;i++) scan({two},k); const kb=(performance.now()-t)/100;
  const p = testRulebook().policy; const q = {verb:'read',phase:'before',elements:['current_medications'],purpose:'TREAT',destination:'treatment',agentRole:'triage',principalRoles:['clinical_staff'],related:true,namesPatient:true} as const;
  for(let i=0;i<2000;i++) decide(p,q); t=performance.now(); for(let i=0;i<10000;i++) decide(p,q); const d=(performance.now()-t)/10000;
  t=performance.now(); for(let i=0;i<20;i++) testRulebook(); const l=(performance.now()-t)/20;
  console.log({mb,kb,d,rules:p.denies.length+p.gates.flatMap(g=>g.grants).length,l});
});
