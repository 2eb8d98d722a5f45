'use strict';

const assert = require('node:assert');
const test = require('node:test');
const sum = require('..');

test('nothing is zero', () => assert.strictEqual(sum(), 0));
test('numbers are added', () => assert.strictEqual(sum(1, 2, 3), 6));
