/** How a person gets through the identity provider's pages. */
export interface Way {
  /** Where the provider is told to send its answer. */
  readonly redirectUri: string;
  /** Takes the person there, and brings back the address that the provider sent them to. */
  visit(question: Question): Promise<URL>;
  close(): Promise<void>;
}

interface Question {
  readonly authorizationUrl: URL;
  /** Comes back in the answer to this question, and in no other. */
  readonly state: string;
  /** A vote: nothing weaker than both factors will do. */
  readonly bothFactors: boolean;
}
