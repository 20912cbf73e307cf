"""Scratch attacks."""
import time, json
import pytest

def seen_of(client, name="support"):
    return client.get(f"/api/scenarios/{name}").json()["seen"]

def attempt(client, text):
    t = time.time()
    r = client.change("/scenarios/support/attempt", text=text)
    return r.status_code, round(time.time() - t, 2), r.text[:300]

BASE = "scenario: support\norchestration: reply\ncases: support.csv\n"

def test_deep(client, capsys):
    out = []
    for mark in ("[", "{a: ", "- "):
        for n in (500, 5000, 100000):
            out.append((mark, n, attempt(client, BASE + "inputs: " + ("\n  " if mark == "- " else "") + mark * n)))
    for n in (1000, 100000):
        r = client.post("/api/scenarios/support/check", content=b'{"fields": {"inputs": ' + b"[" * n + b"]" * n + b"}}", headers={"content-type": "application/json"})
        out.append(("json", n, r.status_code, r.text[:200]))
        r = client.post("/api/scenarios/support/check", content=b'{"fields": {"inputs": {"a": ' + b'[' * n + b"]" * n + b"}}}", headers={"content-type": "application/json"})
        out.append(("json", n, r.status_code, r.text[:200]))
        r = client.change("/scenarios/support/attempt", text=BASE, changes='{"inputs": ' + "[" * n + "]" * n + "}")
        out.append(("changes", n, r.status_code, r.text[:200]))
        r = client.change("/scenarios/support/cases/attempt", change="[" * n, seen="0"*64)
        out.append(("cases", n, r.status_code, r.text[:200]))
    for n in (150, 400, 900):
        r = client.post("/api/scenarios/support/check", content=b'{"fields": {"inputs": {"a": ' + b'[' * n + b"]" * n + b"}}}", headers={"content-type": "application/json"})
        out.append(("json", n, r.status_code, r.text[:200]))
        seen = client.get("/api/scenarios/support/cases").json()["seen"]
        r = client.patch("/api/scenarios/support/cases", json={"change": {"changed": [{"row": 0, "cells": {"2": "["*n + "]"*n}}]}, "seen": seen})
        out.append(("cell", n, r.status_code, r.text[:300]))
        r = client.get("/scenarios/support/cases"); out.append((r.status_code,))
        r = client.get("/api/scenarios/support/cases.csv"); out.append((r.status_code,))
        r = client.post("/api/runs/foresight", json={"scenarios": ["support"]}); out.append((r.status_code, r.text[:200]))
    with capsys.disabled():
        print(*out, sep="\n")

def test_bombs(client, capsys):
    out = []
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(f"{chr(98+i)}: &{chr(98+i)} [{','.join(['*'+chr(97+i)]*9)}]\n" for i in range(9))
    out.append(("alias", attempt(client, BASE + bomb)))
    out.append(("many keys", attempt(client, BASE + "inputs:\n" + "".join(f"  k{i}: v\n" for i in range(60000)))))
    out.append(("many evals", attempt(client, BASE + "evaluators:\n" + "".join(f"  - {{id: k{i}, use: regex, all: x}}\n" for i in range(15000)))))
    text = BASE + "inputs:\n" + "".join(f"  k{i}: v\n" for i in range(30000))
    t = time.time(); r = client.change("/scenarios/support/attempt", text=text, changes='{"inputs": {"k1": "w"}}'); out.append(("with change", r.status_code, time.time()-t))
    seen = seen_of(client)
    t = time.time(); r = client.change("/scenarios/support/edit", text=text, seen="0"*64); out.append(("conflict", r.status_code, time.time()-t))
    with capsys.disabled():
        print(*out, sep="\n")
