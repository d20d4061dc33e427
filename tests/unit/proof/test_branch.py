"""What a branch proves, and that nothing else passes."""

import msgspec
import pytest
from msgspec import structs
from venue.proved import KEYS, state_of

from truebook.limits import AMOUNT_MAX
from truebook.proof.branch import NotProved, Step, check, parse
from truebook.proof.file import ProofDamaged, TreeFile, pack
from truebook.proof.making import NoSigner, keys_of, make
from truebook.proof.statement import NotAStatement, digest_of, read
from truebook.proof.tree import SumTooLarge

encode = msgspec.json.encode


def changed(proof, number=0, **fields):
    """The proof with another branch in place of one."""
    branches = list(proof.branches)
    branches[number] = structs.replace(branches[number], **fields)
    return structs.replace(proof, branches=branches)


def refused(proof, why):
    with pytest.raises(NotProved, match=why):
        check(proof)


def test_a_branch_proves_what_is_available_and_locked(alice):
    statement, owed = check(parse(encode(alice)))
    assert [(one.asset.symbol, one.atoms) for one in owed] == [("USDC", 100), ("SOL", 8)]
    assert [asset.root.sum for asset in statement.assets] == [114, 9, 0]
    assert [asset.leaves for asset in statement.assets] == [4, 2, 0]


@pytest.mark.parametrize("account", range(4))
def test_every_account_has_its_branches(tree, account):
    proof = tree.branches(account, "")
    _, owed = check(proof)
    assert owed
    assert proof.name == ["venue", "alice", "bob", "carol"][account]


def test_who_has_nothing_has_no_branch(tree):
    proof = tree.branches(4, "dave")
    assert (proof.name, proof.branches) == ("dave", [])


def test_every_changed_byte_is_refused(alice):
    data = encode(alice)
    for place in range(len(data)):
        for mask in (0x01, 0x20, 0x80):
            flipped = bytearray(data)
            flipped[place] ^= mask
            with pytest.raises(NotProved):
                check(parse(bytes(flipped)))


def test_every_cut_is_refused(alice):
    data = encode(alice)
    for end in range(0, len(data), 7):
        with pytest.raises(NotProved):
            check(parse(data[:end]))


def test_a_leaf_counts_for_its_account_alone(alice, tree):
    refused(structs.replace(alice, account_id=2), "the way up ends at")
    refused(structs.replace(alice, name="bob"), "the way up ends at")
    bob = tree.branches(2, "")
    refused(structs.replace(alice, branches=bob.branches), "the way up ends at")


def test_swapped_neighbours_are_refused(alice):
    path = alice.branches[0].path
    refused(changed(alice, path=path[::-1]), "the way up ends at")
    refused(changed(alice, index=alice.branches[0].index ^ 1), "the way up ends at")
    refused(changed(alice, path=path[:-1]), "ends too early")
    refused(changed(alice, path=[*path, path[0]]), "beyond the root")
    refused(changed(alice, index=4), "no leaf 4")
    refused(changed(alice, index=-1), "no leaf -1")


@pytest.mark.parametrize("text", ["-1", "+1", " 1", "01", "1.0", "1e3", "٣", "", "0x1", "9" * 5000])
def test_an_amount_is_a_plain_number(alice, text):
    refused(changed(alice, atoms=text), "atoms: must be a whole number")
    step = structs.replace(alice.branches[0].path[0], sum=text)
    refused(changed(alice, path=[step, *alice.branches[0].path[1:]]), "sum: must be")


def test_no_sum_lowers_what_stands_above_it(alice):
    for sums in ((1 << 64) - 100, AMOUNT_MAX + 1, 1 << 63):
        steps = [Step(step.hash, str(sums)) for step in alice.branches[0].path]
        refused(changed(alice, path=steps), "sum: must be")
    steps = [Step(step.hash, str(AMOUNT_MAX)) for step in alice.branches[0].path]
    refused(changed(alice, path=steps), "is above")


def test_a_leaf_of_nothing_is_none(alice):
    refused(changed(alice, atoms="0"), "a leaf of nothing")


def test_an_asset_is_told_once_and_in_its_place(alice):
    one, other = alice.branches
    refused(structs.replace(alice, branches=[one, one]), "stands twice")
    refused(structs.replace(alice, branches=[other, one]), "not in its place")
    refused(changed(alice, asset="DOGE"), "no asset 'DOGE'")
    refused(changed(alice, asset="BTC"), "no leaf")


def test_an_inner_node_is_no_leaf(alice, tree):
    """A second preimage: the words in front and the lengths keep leaves and nodes apart."""
    bob = tree.branches(2, "")
    step = bob.branches[0].path[0]
    refused(changed(alice, salt=step.hash, atoms=step.sum), "the way up ends at")


def test_another_root_is_no_excuse(alice, tables):
    other = make(state_of(tables, 8), KEYS)
    refused(structs.replace(alice, root=other.text), "the way up ends at")


def test_every_changed_letter_of_a_root_is_refused(made):
    for place in range(len(made.text)):
        letter = made.text[place]
        for other in {"0", "f", "\n", " ", letter.swapcase()} - {letter}:
            with pytest.raises(NotAStatement):
                read(made.text[:place] + other + made.text[place + 1 :])


def test_a_signed_statement_of_what_cannot_be_is_none(made):
    from truebook.proof.statement import write

    for asset in (
        made.statement.assets[0]._replace(number=256),
        made.statement.assets[0]._replace(decimals=19),
        made.statement.assets[0]._replace(leaves=0),
        made.statement.assets[0]._replace(leaves=115),
        made.statement.assets[0]._replace(root=(b"x" * 32, AMOUNT_MAX + 1)),
        made.statement.assets[1],
    ):
        statement = made.statement._replace(assets=(asset, made.statement.assets[1]))
        fixed = statement._replace(
            assets=tuple(
                one._replace(root=type(made.statement.assets[0].root)(*one.root))
                for one in statement.assets
            )
        )
        with pytest.raises(NotAStatement):
            read(write(fixed, KEYS.key))


def test_the_same_state_gives_the_same_proof_and_no_other_does(tables, made):
    again = make(state_of(tables), KEYS)
    assert again.text == made.text
    assert pack(again.text, again.trees) == pack(made.text, made.trees)
    others = [
        make(state_of(tables, 8), KEYS),
        make(state_of(tables), KEYS._replace(secret=b"t" * 32)),
        make(state_of(tables)._replace(chain=b"d" * 32), KEYS),
    ]
    roots = {one.statement.assets[0].root.hash for one in (made, *others)}
    assert len(roots) == 4
    assert {one.statement.assets[0].root.sum for one in (made, *others)} == {114}


def test_a_debt_of_an_account_is_not_proved(tables):
    for available, locked in ((-1, 5), (5, -1), (-5, 0)):
        balances = tables.balances.copy()
        balances["available"][1], balances["locked"][1] = available, locked
        with pytest.raises(SumTooLarge):
            make(state_of(tables._replace(balances=balances)), KEYS)


def test_only_a_key_that_the_log_trusts_signs(tables, tmp_path):
    with pytest.raises(NoSigner, match="no key in"):
        keys_of(tables, tmp_path)


def test_every_changed_byte_of_a_tree_is_noticed_before_it_is_told(path, tmp_path, tables):
    """Or it keeps an account from its leaf; and what isn't told of isn't looked at."""
    data = path.read_bytes()
    asked = {account: path_of(path, account) for account in range(4)}
    for place in range(0, len(data), 3):
        damaged = bytearray(data)
        damaged[place] ^= 0x41
        copy = tmp_path / "damaged.tree"
        copy.write_bytes(damaged)
        for account, right in asked.items():
            try:
                told = path_of(copy, account)
            except ProofDamaged:
                continue
            assert told == right or len(told.branches) < len(right.branches)


def path_of(path, account):
    tree = TreeFile(path)
    try:
        return tree.branches(account, "")
    finally:
        tree.close()


def test_a_cut_tree_is_named(path, tmp_path):
    data = path.read_bytes()
    for end in (0, 5, 16, 100, len(data) - 1):
        (tmp_path / "cut.tree").write_bytes(data[:end])
        with pytest.raises(ProofDamaged, match=r"cut\.tree"):
            TreeFile(tmp_path / "cut.tree")


def test_a_digest_stands_for_a_root(made):
    assert len(digest_of(made.text)) == 64
    assert digest_of(made.text) != digest_of(made.text + "\n")
