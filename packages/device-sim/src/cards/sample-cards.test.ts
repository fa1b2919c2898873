import { luhnValid } from '@tillwright/plugin-card/protocol';
import { describe, expect, test } from 'vitest';
import { sampleAccounts, sampleCards } from './sample-cards.js';

describe('sample cards', () => {
  test('have numbers with a check digit, each its own, and a track 2 of their own', () => {
    for (const { pan, expiry, serviceCode, track2 } of sampleCards) {
      expect(luhnValid(pan)).toBe(true);
      expect(pan).toMatch(/^(622848|621226|621700)0{9}\d{4}$/);
      expect(track2.startsWith(`${pan}=${expiry}${serviceCode}`)).toBe(true);
      expect(track2).toMatch(/^[\d=]{1,37}$/);
    }
    expect(new Set(sampleCards.map(({ pan }) => pan)).size).toBe(sampleCards.length);
    expect(new Set(sampleCards.map(({ id }) => id)).size).toBe(sampleCards.length);
  });

  test('a card with a chip says so in its service code', () => {
    for (const card of sampleCards) {
      if (card.works.includes('insert') || card.works.includes('tap')) expect(card.serviceCode).toMatch(/^[26]/);
    }
    expect(sampleCards.find(({ id }) => id === 'stripe-only')?.serviceCode).toMatch(/^1/);
  });

  test('give the acquirer one account each, and nothing of what the plastic does', () => {
    const accounts = sampleAccounts();
    expect(accounts.map(({ pan }) => pan)).toEqual(sampleCards.map(({ pan }) => pan));
    for (const account of accounts) {
      expect(account.issuerMasterKey).toMatch(/^[0-9A-F]{32}$/);
      expect(account.pin).toMatch(/^\d{4,12}$/);
      expect(account).not.toHaveProperty('track2');
    }
    expect(accounts.filter(({ blocked }) => blocked !== undefined).map(({ blocked }) => blocked)).toEqual(['41', '43', '38']);
  });
});
