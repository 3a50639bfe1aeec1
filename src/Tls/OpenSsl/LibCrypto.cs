using System.Runtime.InteropServices;

namespace FastMesh.Tls.OpenSsl;

/// <summary>One OSSL_PARAM: a named value handed to a provider.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct OsslParam
{
    public byte* Key;
    public uint Type;
    public void* Value;
    public nuint Size;
    public nuint ReturnSize;
}

/// <summary>The functions of libcrypto, and nothing else.</summary>
internal static unsafe class LibCrypto
{
    public const int BioTypeSourceSink = 0x0400;
    public const int BioFlagsRetryRead = 0x01 | 0x08;
    public const int BioFlagsRetryWrite = 0x02 | 0x08;
    public const int BioCtrlFlush = 11;
    public const int BioCtrlPush = 6;
    public const int BioCtrlPop = 7;

    public const uint ParamUtf8String = 4;
    public const uint ParamOctetString = 5;

    public const int PurposeSslClient = 1;
    public const int PurposeSslServer = 2;

    public const ulong FlagCrlCheck = 0x4;
    public const ulong FlagCrlCheckAll = 0x8;
    public const ulong FlagTrustedFirst = 0x8000;
    public const ulong FlagPartialChain = 0x80000;
    public const ulong FlagNoCheckTime = 0x200000;

    public const int Ok = 0;
    public const int ErrorUnableToGetIssuer = 2;
    public const int ErrorUnableToGetCrl = 3;
    public const int ErrorNotYetValid = 9;
    public const int ErrorExpired = 10;
    public const int ErrorSelfSignedLeaf = 18;
    public const int ErrorSelfSignedInChain = 19;
    public const int ErrorUnableToGetIssuerLocally = 20;
    public const int ErrorUnableToVerifyLeaf = 21;
    public const int ErrorRevoked = 23;
    public const int ErrorInvalidPurpose = 26;
    public const int ErrorApplication = 50;
    public const int ErrorHostNameMismatch = 62;
    public const int ErrorKeyTooSmall = 66;
    public const int ErrorUnspecified = 1;

    /// <summary>Outside X509_V_ERR: OpenSSL says certificate_unknown to numbers it does not know.</summary>
    public const int ErrorApplicationNames = 1000;

    private const string Library = "libcrypto.so.3";

    [DllImport(Library)]
    public static extern byte* OpenSSL_version(int kind);

    [DllImport(Library)]
    public static extern nint BIO_meth_new(int type, byte* name);

    [DllImport(Library)]
    public static extern int BIO_meth_set_read_ex(nint method, delegate* unmanaged<nint, byte*, nuint, nuint*, int> f);

    [DllImport(Library)]
    public static extern int BIO_meth_set_write_ex(nint method, delegate* unmanaged<nint, byte*, nuint, nuint*, int> f);

    [DllImport(Library)]
    public static extern int BIO_meth_set_ctrl(nint method, delegate* unmanaged<nint, int, nint, void*, nint> f);

    [DllImport(Library)]
    public static extern nint BIO_new(nint method);

    [DllImport(Library)]
    public static extern nint BIO_new_mem_buf(byte* bytes, int length);

    [DllImport(Library)]
    public static extern nint BIO_s_mem();

    [DllImport(Library)]
    public static extern int BIO_read(nint bio, byte* bytes, int length);

    [DllImport(Library)]
    public static extern int BIO_write(nint bio, byte* bytes, int length);

    [DllImport(Library)]
    public static extern nint BIO_ctrl(nint bio, int command, nint number, void* pointer);

    [DllImport(Library)]
    public static extern int BIO_free(nint bio);

    [DllImport(Library)]
    public static extern void BIO_set_flags(nint bio, int flags);

    [DllImport(Library)]
    public static extern ulong ERR_get_error();

    [DllImport(Library)]
    public static extern void ERR_clear_error();

    [DllImport(Library)]
    public static extern byte* ERR_reason_error_string(ulong error);

    [DllImport(Library)]
    public static extern nint PEM_read_bio_X509(nint bio, nint* into, void* callback, byte* argument);

    [DllImport(Library)]
    public static extern nint PEM_read_bio_X509_CRL(nint bio, nint* into, void* callback, byte* argument);

    [DllImport(Library)]
    public static extern nint PEM_read_bio_PrivateKey(nint bio, nint* into, void* callback, byte* argument);

    [DllImport(Library)]
    public static extern void X509_free(nint certificate);

    [DllImport(Library)]
    public static extern int X509_up_ref(nint certificate);

    [DllImport(Library)]
    public static extern int i2d_X509(nint certificate, byte** into);

    [DllImport(Library)]
    public static extern nint d2i_X509(nint* into, byte** bytes, nint length);

    [DllImport(Library)]
    public static extern int X509_check_private_key(nint certificate, nint key);

    [DllImport(Library)]
    public static extern void X509_CRL_free(nint crl);

    [DllImport(Library)]
    public static extern void EVP_PKEY_free(nint key);

    [DllImport(Library)]
    public static extern int EVP_PKEY_get_base_id(nint key);

    [DllImport(Library)]
    public static extern int EVP_PKEY_get_bits(nint key);

    [DllImport(Library)]
    public static extern nint OPENSSL_sk_new_null();

    [DllImport(Library)]
    public static extern int OPENSSL_sk_push(nint stack, nint item);

    [DllImport(Library)]
    public static extern int OPENSSL_sk_num(nint stack);

    [DllImport(Library)]
    public static extern nint OPENSSL_sk_value(nint stack, int index);

    [DllImport(Library)]
    public static extern void OPENSSL_sk_free(nint stack);

    [DllImport(Library)]
    public static extern nint CRYPTO_malloc(nuint bytes, byte* file, int line);

    [DllImport(Library)]
    public static extern nint X509_STORE_new();

    [DllImport(Library)]
    public static extern void X509_STORE_free(nint store);

    [DllImport(Library)]
    public static extern int X509_STORE_add_cert(nint store, nint certificate);

    [DllImport(Library)]
    public static extern int X509_STORE_add_crl(nint store, nint crl);

    [DllImport(Library)]
    public static extern int X509_STORE_set_default_paths(nint store);

    [DllImport(Library)]
    public static extern nint X509_STORE_CTX_new();

    [DllImport(Library)]
    public static extern void X509_STORE_CTX_free(nint context);

    [DllImport(Library)]
    public static extern int X509_STORE_CTX_init(nint context, nint store, nint leaf, nint untrusted);

    [DllImport(Library)]
    public static extern int X509_STORE_CTX_set_purpose(nint context, int purpose);

    [DllImport(Library)]
    public static extern nint X509_STORE_CTX_get0_param(nint context);

    [DllImport(Library)]
    public static extern nint X509_STORE_CTX_get0_cert(nint context);

    [DllImport(Library)]
    public static extern nint X509_STORE_CTX_get0_untrusted(nint context);

    [DllImport(Library)]
    public static extern int X509_STORE_CTX_get_error(nint context);

    [DllImport(Library)]
    public static extern int X509_STORE_CTX_get_error_depth(nint context);

    [DllImport(Library)]
    public static extern void X509_STORE_CTX_set_error(nint context, int error);

    [DllImport(Library)]
    public static extern int X509_verify_cert(nint context);

    [DllImport(Library)]
    public static extern byte* X509_verify_cert_error_string(nint error);

    [DllImport(Library)]
    public static extern int X509_VERIFY_PARAM_set_flags(nint param, ulong flags);

    [DllImport(Library)]
    public static extern void X509_VERIFY_PARAM_set_auth_level(nint param, int level);

    [DllImport(Library)]
    public static extern void X509_VERIFY_PARAM_set_depth(nint param, int depth);

    [DllImport(Library)]
    public static extern nint EVP_CIPHER_fetch(nint library, byte* name, byte* properties);

    [DllImport(Library)]
    public static extern int EVP_EncryptInit_ex2(nint context, nint cipher, byte* key, byte* iv, OsslParam* parameters);

    [DllImport(Library)]
    public static extern int EVP_DecryptInit_ex2(nint context, nint cipher, byte* key, byte* iv, OsslParam* parameters);

    [DllImport(Library)]
    public static extern int EVP_MAC_CTX_set_params(nint context, OsslParam* parameters);
}
