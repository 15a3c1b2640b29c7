# bash completion for wfdctl(1). Commands and options come from its help, peers and keys from the daemon: nothing
# here has to follow a change there.

_wfdctl_peers() {  # one name a line
    wfdctl "${daemon[@]}" --json peers 2>/dev/null | grep -o '"name":"[^"]*"' | cut -d'"' -f4
}

_wfdctl() {
    local current=${COMP_WORDS[COMP_CWORD]} command= word i words
    local -a daemon=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        case $word in
            --socket | --instance) daemon=("$word" "${COMP_WORDS[++i]}") ;;
            -*) ;;
            *) command=${command:-$word} ;;
        esac
    done
    case ${COMP_WORDS[COMP_CWORD - 1]} in
        --socket) COMPREPLY=($(compgen -f -- "$current")) && return ;;
        --instance) words=$(basename -a -s .sock /run/wfdcast/*.sock 2>/dev/null) ;;
        *)
            words=$(wfdctl $command --help 2>/dev/null | grep -oE '^  (-h,)?--[a-z-]+' | grep -oE -e '--[a-z-]+')
            if [ -z "$command" ]; then
                words+=$'\n'$(wfdctl --help 2>/dev/null | sed -n '/^Subcommands:/,$s/^  \([a-z0-9-]*\) .*/\1/p')
            elif [ "$command" = set ]; then
                words+=$'\n'$(wfdd --print-config 2>/dev/null | sed -n 's/ = .*/=/p')
                compopt -o nospace
            elif [[ $current != -* ]] && wfdctl "$command" --help 2>/dev/null | grep -q '^  PEER'; then
                words=$(_wfdctl_peers)
            fi
            ;;
    esac
    COMPREPLY=()
    current=${current//\\/}
    while IFS= read -r word; do
        [[ -n $word && $word == "$current"* ]] && COMPREPLY+=("$(printf %q "$word")")
    done <<<"$words"
}

complete -F _wfdctl wfdctl
