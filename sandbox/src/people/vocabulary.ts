/** Names and codes that synthetic records are made of. Data, not code. Codes: RxNorm, SNOMED CT, LOINC. */

type Choices<T> = readonly [T, ...T[]];

export interface Coded {
  readonly code: string;
  readonly display: string;
}

export interface Medication extends Coded {
  /** Number and unit of one dose: `10 mg`, `1 tablet`. */
  readonly dose: string;
  /** Times a day. */
  readonly frequency: number;
}

export interface Measurement extends Coded {
  readonly unit: string;
  readonly low: number;
  readonly high: number;
}

export const systems = {
  rxnorm: 'http://www.nlm.nih.gov/research/umls/rxnorm',
  snomed: 'http://snomed.info/sct',
  loinc: 'http://loinc.org',
  ucum: 'http://unitsofmeasure.org',
  mrn: 'urn:countersign:sandbox:mrn',
} as const;

export const familyNames: Choices<string> = [
  'Abernathy',
  'Barzani',
  'Castellanos',
  'Delacroix',
  'Eriksen',
  'Fontaine',
  'Grabowski',
  'Hashimoto',
  'Ibarra',
  'Jovanovic',
  'Kowalczyk',
  'Lindgren',
  'Moreau',
  'Nakamura',
  'Okonkwo',
  'Petrov',
];
export const givenNames = {
  female: ['Aurelia', 'Beatriz', 'Cosima', 'Delphine', 'Esme', 'Freya', 'Giulia', 'Hana'],
  male: ['Anselm', 'Bastian', 'Caspian', 'Dmitri', 'Emeka', 'Florian', 'Gustavo', 'Hiroshi'],
} as const satisfies Readonly<Record<string, Choices<string>>>;
export const streets: Choices<string> = [
  'Alder Court',
  'Birch Lane',
  'Cedar Row',
  'Dogwood Street',
  'Elm Terrace',
  'Fir Close',
];
export const places: Choices<{ readonly city: string; readonly postalCode: string }> = [
  { city: 'Worcester', postalCode: '01602' },
  { city: 'Lowell', postalCode: '01851' },
  { city: 'Quincy', postalCode: '02169' },
];

export const medications: Choices<Medication> = [
  { code: '314076', display: 'Lisinopril 10 MG Oral Tablet', dose: '10 mg', frequency: 1 },
  { code: '861007', display: 'Metformin hydrochloride 500 MG Oral Tablet', dose: '500 mg', frequency: 2 },
  { code: '617310', display: 'Atorvastatin 20 MG Oral Tablet', dose: '20 mg', frequency: 1 },
  { code: '197361', display: 'Amlodipine 5 MG Oral Tablet', dose: '5 mg', frequency: 1 },
  { code: '310798', display: 'Hydrochlorothiazide 25 MG Oral Tablet', dose: '25 mg', frequency: 1 },
  { code: '198051', display: 'Omeprazole 20 MG Delayed Release Oral Capsule', dose: '20 mg', frequency: 1 },
];
export const allergies: Choices<Coded & { readonly category: string; readonly reaction: string }> = [
  { code: '91936005', display: 'Allergy to penicillin', category: 'medication', reaction: 'Hives' },
  { code: '91939003', display: 'Allergy to sulfonamide', category: 'medication', reaction: 'Rash' },
  { code: '91935009', display: 'Allergy to peanut', category: 'food', reaction: 'Anaphylaxis' },
  { code: '300916003', display: 'Latex allergy', category: 'environment', reaction: 'Contact dermatitis' },
];
export const conditions: Choices<Coded> = [
  { code: '59621000', display: 'Essential hypertension' },
  { code: '44054006', display: 'Diabetes mellitus type 2' },
  { code: '55822004', display: 'Hyperlipidemia' },
  { code: '195967001', display: 'Asthma' },
];
export const labs: Choices<Measurement> = [
  { code: '4548-4', display: 'Hemoglobin A1c/Hemoglobin.total in Blood', unit: '%', low: 5, high: 9 },
  { code: '2345-7', display: 'Glucose [Mass/volume] in Serum or Plasma', unit: 'mg/dL', low: 72, high: 180 },
  { code: '2160-0', display: 'Creatinine [Mass/volume] in Serum or Plasma', unit: 'mg/dL', low: 1, high: 2 },
  { code: '2823-3', display: 'Potassium [Moles/volume] in Serum or Plasma', unit: 'mmol/L', low: 3, high: 5 },
];
export const vitalSigns: Choices<Measurement> = [
  { code: '8867-4', display: 'Heart rate', unit: '/min', low: 56, high: 96 },
  { code: '29463-7', display: 'Body weight', unit: 'kg', low: 52, high: 104 },
];
