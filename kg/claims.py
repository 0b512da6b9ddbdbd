"""How a thing is said: whether the sentence asserts it at all, and if so plainly, by report, as charge or denial."""

from __future__ import annotations

from dataclasses import dataclass

from kg.clauses import STEPS, Clause


@dataclass(frozen=True, slots=True)
class Claim:
    """``holds``: neither negated, hypothetical nor asked. ``speaker``: mention of who says it, None where unnamed."""

    holds: bool
    status: str = "stated"
    speaker: int | None = None


WITHHELD = Claim(False)


def judge(clause: Clause, trigger: int) -> Claim:
    """The claim that the clause around ``trigger`` makes, read upwards to the sentence's root."""
    if is_question(clause):
        return WITHHELD
    node, same, status, speaker = trigger, True, "stated", None
    for _ in range(2 * STEPS):
        if (same and is_negated(clause, node)) or is_refused(clause, node):
            return WITHHELD
        if is_hypothetical(clause, node) or (node != trigger and clause.has(node, "doubting_verbs")):
            return WITHHELD
        said, who = reported(clause, node)
        if clause.has(node, "alleging_verbs") or hearsay(clause, node):
            status = "alleged"
        elif clause.has(node, "denying_verbs") and node != trigger and clause.verbal(node):
            status = "denied"
        elif said and status == "stated":
            status, speaker = "reported", who
        parent, dep = clause.parent[node], clause.dep[node]
        if parent == node or dep == "PAR":
            break
        if clause.verbal(node) and dep in ("ATR", "APP") and clause.nominal(parent):
            break
        if clause.verbal(node) and has_time_marker(clause, node):
            break
        told = clause.has(parent, "saying_verbs") and clause.verbal(parent) and dep == "DOBJ" and status == "stated"
        if told and (node != trigger or clause.verbal(node)):
            status, speaker = "reported", first_name(clause, clause.subject_words(parent))
        if dep == "KOORD":
            same = False
        elif clause.verbal(parent) or clause.verbal(node):
            same = True
        node = parent
    return Claim(True, status, speaker)


def is_question(clause: Clause) -> bool:
    """Whether the sentence asks: it ends in "?", a quotation mark or none after it."""
    return any(word == "?" for word in clause.low[-3:])


def is_negated(clause: Clause, node: int) -> bool:
    """Whether a "not" or a "no" stands with the word, its subject or its object."""
    for c in clause.children[node]:
        if clause.has(c, "negation"):
            return True
        part = clause.dep[c] in ("SUBJ", "FSUBJ", "PSUBJ", "DOBJ", "IOBJ", "SPRED")
        if part and any(clause.has(d, "negation") for d in clause.children[c]):
            return True
    return clause.has(node, "excluding") or (clause.verbal(node) and node in denied_in_two(clause))


def denied_in_two(clause: Clause) -> set[int]:
    """The verbs of "neither ... nor", which the parser hangs on any word that follows it."""
    verbs = set()
    for k in range(len(clause.low)):
        if clause.has(k, "neither"):
            node = k
            while clause.parent[node] != node and not (node != k and clause.verbal(node)):
                node = clause.parent[node]
            verbs |= {node, *clause.auxiliaries(node)}
    return verbs


def is_refused(clause: Clause, node: int) -> bool:
    """ "takket nei til å ...", "sa nei til ...", "uten å ..."."""
    if clause.has(node, "no") or (clause.has(node, "without") and node != clause.parent[node]):
        return True
    return clause.has(node, "to") and any(clause.has(c, "no") for c in clause.children[clause.parent[node]])


def is_hypothetical(clause: Clause, node: int) -> bool:
    """Whether the word is only thought of: a condition, an indirect question, a possibility, a wish."""
    if clause.has(node, "doubting"):
        return True
    for c in clause.children[node]:
        if clause.dep[c] == "SBU" and clause.has(c, "conditional"):
            return True
        if clause.has(c, "perhaps"):
            return True
        if clause.verbal(c) and clause.dep[c] == "ADV" and is_condition(clause, c):
            return True
    return clause.verbal(node) and clause.dep[node] == "ADV" and is_condition(clause, node)


def is_condition(clause: Clause, verb: int) -> bool:
    """ "hvis X kommer", or with the verb first: "hadde X kommet, ..."."""
    marks = [c for c in clause.children[verb] if clause.dep[c] == "SBU"]
    if marks:
        return any(clause.has(c, "conditional") for c in marks)
    tag = clause.tokens[verb].tag
    first = not any(clause.dep[c] not in ("IK", "KONJ") and c < verb for c in clause.children[verb])
    finite = tag.endswith(("pres", "pret"))
    return first and finite and verb < clause.parent[verb]


def has_time_marker(clause: Clause, node: int) -> bool:
    """Whether the clause is an adverbial of its own ("fordi", "da", "etter at"), stated whatever the main one says."""
    if clause.dep[node] == "PUTFYLL" and not clause.has(clause.parent[node], "times"):
        return False  # "nekter for at", "tviler på at"
    return clause.dep[node] in ("ADV", "PUTFYLL") and any(clause.dep[c] == "SBU" for c in clause.children[node])


def hearsay(clause: Clause, node: int) -> bool:
    """ "skal ha kjøpt": said of the speaker's own knowledge by nobody."""
    above = clause.auxiliaries(node)
    return len(above) > 1 and clause.has(above[0], "have") and clause.has(above[1], "supposedly")


def reported(clause: Clause, node: int) -> tuple[bool, int | None]:
    """Whether a speech verb or an "ifølge" hangs on the word, and the mention of who speaks."""
    for c in clause.children[node]:
        if clause.dep[c] == "PAR" and clause.has(c, "saying_verbs"):
            return True, first_name(clause, clause.subject_words(c))
        if clause.has(c, "according"):
            return True, next((f.mention for f in clause.governed([c])), None)
    return False, None


def first_name(clause: Clause, words: list[int]) -> int | None:
    return next((f.mention for w in words for f in clause.names(w)), None)
